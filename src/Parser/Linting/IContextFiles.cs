namespace Kleene.Build.Parser.Linting;

/// <summary>What rules may ask of the build context. The compiler opens no files; whoever calls it may.</summary>
public interface IContextFiles
{
    /// <summary>The ignore rule that keeps a source of COPY out of the context, as <c>FILE:LINE</c>; null when none is sure to.</summary>
    /// <param name="source">As the plan has it, relative to the context; it may hold wildcards.</param>
    string? IgnoredBy(string source);

    /// <summary>Why a source of COPY cannot be found, in a sentence; null when it can.</summary>
    string? WhyMissing(string source);

    /// <summary>The files that a COPY of some sources takes, relative to the context, directories left out.</summary>
    IEnumerable<string> Taken(IReadOnlyList<string> sources, IReadOnlyList<string> exclude);

    /// <summary>The beginning of a file as text; empty when it cannot be read.</summary>
    string Beginning(string path);
}
