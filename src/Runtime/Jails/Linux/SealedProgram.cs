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

    /// <summary>Null where the kernel or its administrator (<c>vm.memfd_noexec</c>) does not allow it.</summary>
    public static SealedProgram? TryCopy(string path) => TryCopy(System.IO.Path.GetFileName(path), File.ReadAllBytes(path));

    /// <summary>The same of a program that is in no file.</summary>
    public static SealedProgram? TryCopy(string name, ReadOnlySpan<byte> program)
    {
        var memory = TryCreateMemory(name);
        if (memory is null)
        {
            return null;
        }

        RandomAccess.Write(memory, program, 0);
        const int Seals = NativeMethods.F_SEAL_SEAL | NativeMethods.F_SEAL_SHRINK | NativeMethods.F_SEAL_GROW | NativeMethods.F_SEAL_WRITE;
        if (NativeMethods.fcntl(memory, NativeMethods.F_ADD_SEALS, Seals) == 0)
        {
            return new SealedProgram(memory);
        }

        memory.Dispose();
        return null;
    }

    public void Dispose() => memory.Dispose();

    private static SafeFileHandle? TryCreateMemory(string name)
    {
        const uint Flags = NativeMethods.MFD_CLOEXEC | NativeMethods.MFD_ALLOW_SEALING;
        var memory = NativeMethods.memfd_create(name, Flags | NativeMethods.MFD_EXEC);
        if (memory.IsInvalid && Errno.Last == Errno.EINVAL)
        {
            // Before Linux 6.3 the flag was unknown, and what it asks for was the rule.
            memory.Dispose();
            memory = NativeMethods.memfd_create(name, Flags);
        }

        if (!memory.IsInvalid)
        {
            return memory;
        }

        memory.Dispose();
        return null;
    }
}
