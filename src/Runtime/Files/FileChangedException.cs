namespace Kleene.Build.Runtime.Files;

/// <summary>Somebody changed a tree while it was being read, so that what was read is neither the old nor the new state.</summary>
public sealed class FileChangedException : KleeneException
{
    public FileChangedException(UnixPath path)
        : base($"'{path.ToDisplay()}' changed while it was being read; try again when nothing writes to it")
    {
    }

    public FileChangedException(string message)
        : base(message)
    {
    }
}
