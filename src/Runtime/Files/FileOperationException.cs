using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Files;

/// <summary>The operating system refused something that was to be done with a file.</summary>
public sealed class FileOperationException : KleeneException
{
    internal FileOperationException(string operation, UnixPath path, int errorNumber)
        : base($"cannot {operation} '{(path.IsEmpty ? "." : path.ToDisplay())}': {Reason(errorNumber)}")
    {
        Path = path;
        ErrorNumber = errorNumber;
    }

    /// <summary>Relative to the root it was asked for in.</summary>
    public UnixPath Path { get; }

    /// <summary>errno(3).</summary>
    public int ErrorNumber { get; }

    public bool IsNotFound => ErrorNumber is Native.Errno.ENOENT or Native.Errno.ENOTDIR;

    internal static FileOperationException Last(string operation, UnixPath path) => new(operation, path, Marshal.GetLastPInvokeError());

    private static string Reason(int errorNumber)
    {
        var message = Marshal.GetPInvokeErrorMessage(errorNumber);
        return message.Length > 1 && char.IsLower(message[1]) ? char.ToLowerInvariant(message[0]) + message[1..] : message;
    }
}
