using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Terminals;

/// <summary>A terminal that no device stands behind but ourselves (posix_openpt(3)): what a program prints on it we read, what we write it takes for typed.</summary>
internal sealed unsafe class PseudoTerminal : IDisposable
{
    private const int LongestName = 128;

    private PseudoTerminal(SafeFileHandle ours, SafeFileHandle theirs)
    {
        Ours = ours;
        Theirs = theirs;
    }

    /// <summary>The end that a screen and a keyboard would be at.</summary>
    public SafeFileHandle Ours { get; }

    /// <summary>The end that programs have. As long as anybody has it open, ours has no end.</summary>
    public SafeFileHandle Theirs { get; }

    /// <exception cref="IOException">The system has none left, or none at all.</exception>
    public static PseudoTerminal Open()
    {
        var ours = Opened(NativeMethods.posix_openpt(NativeMethods.O_RDWR | Abi.O_NOCTTY | Abi.O_CLOEXEC), "posix_openpt");
        try
        {
            if (NativeMethods.grantpt(ours) != 0 || NativeMethods.unlockpt(ours) != 0)
            {
                throw Errno.LastException("unlockpt");
            }

            var name = stackalloc byte[LongestName];
            if (NativeMethods.ptsname_r(ours, name, LongestName) != 0)
            {
                throw Errno.LastException("ptsname_r");
            }

            // Not ours to be controlled by: it becomes the terminal of whoever leads a session on it.
            return new PseudoTerminal(ours, Opened(NativeMethods.open(name, NativeMethods.O_RDWR | Abi.O_NOCTTY | Abi.O_CLOEXEC), "open the terminal"));
        }
        catch
        {
            ours.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Ours.Dispose();
        Theirs.Dispose();
    }

    private static SafeFileHandle Opened(SafeFileHandle handle, string operation) => handle.IsInvalid ? throw Errno.LastException(operation) : handle;
}
