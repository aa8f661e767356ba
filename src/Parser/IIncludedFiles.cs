namespace Kleene.Build.Parser;

/// <summary>Gives the compiler the texts that INCLUDE names. The compiler itself opens nothing.</summary>
public interface IIncludedFiles
{
    /// <param name="path">Relative to the directory of the Kleenefile, without <c>.</c> and needless <c>..</c>.</param>
    IncludedFile Read(string path);
}

/// <summary>What an INCLUDE has found: a text, or why there is none.</summary>
public abstract record IncludedFile
{
    private IncludedFile()
    {
    }

    public sealed record Found(string Text) : IncludedFile;

    /// <param name="Reason">A sentence in lower case without a final stop.</param>
    public sealed record Missing(string Reason) : IncludedFile;
}
