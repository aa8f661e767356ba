using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// A copy of a program in sealed memory (memfd_create(2)). An OCI runtime that is started from a file first copies itself, so that a
/// jail cannot overwrite the host's binary through <c>/proc/self/exe</c> (CVE-2019-5736), and executes the copy; started from
/// sealed memory it sees that this has been done. One copy then serves all starts of this process, each 2 ms shorter.
/// </summary>
internal sealed class SealedProgram : IDisposable
{
    private readonly SafeFileHandle memory;

    private SealedProgram(SafeFileHandle memory)
    {
        this.memory = memory;
        Path = $"/proc/{Environment.ProcessId}/fd/{memory.DangerousGetHandle()}";
    }

    /// <summary>Executable as long as this process lives.</summary>
    public string Path { get; }

    /// <exception cref="IOException">The kernel or a policy does not allow it.</exception>
    public static SealedProgram Copy(string path)
    {
        var memory = NativeMethods.memfd_create(System.IO.Path.GetFileName(path), NativeMethods.MFD_CLOEXEC | NativeMethods.MFD_ALLOW_SEALING);
        if (memory.IsInvalid)
        {
            throw Errno.LastException("memfd_create");
        }

        try
        {
            var bytes = File.ReadAllBytes(path);
            RandomAccess.Write(memory, bytes, 0);
            const int Seals = NativeMethods.F_SEAL_SEAL | NativeMethods.F_SEAL_SHRINK | NativeMethods.F_SEAL_GROW | NativeMethods.F_SEAL_WRITE;
            return NativeMethods.fcntl(memory, NativeMethods.F_ADD_SEALS, Seals) == 0
                ? new SealedProgram(memory)
                : throw Errno.LastException("fcntl(F_ADD_SEALS)");
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    public void Dispose() => memory.Dispose();
}
