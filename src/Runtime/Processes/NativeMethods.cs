using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Processes;

/// <summary>posix_spawn(3), waitpid(2), poll(2) and what belongs to them. Constants are those of Linux unless named otherwise.</summary>
internal static unsafe partial class NativeMethods
{
    public const int SIGINT = 2;
    public const int SIGKILL = 9;
    public const int SIGPIPE = 13;
    public const int SIGTERM = 15;

    public const nint SIG_DFL = 0;
    public static readonly int SIG_SETMASK = Abi.IsFreeBsd ? 3 : 2;

    public const int O_RDONLY = 0;
    public static readonly int O_CLOEXEC = Abi.O_CLOEXEC;

    public const int WNOHANG = 1;

    public const short POLLIN = 0x1;
    public const short POLLOUT = 0x4;

    public static readonly int MSG_DONTWAIT = Abi.IsFreeBsd ? 0x80 : 0x40;
    public static readonly int MSG_NOSIGNAL = Abi.IsFreeBsd ? 0x20000 : 0x4000;

    public const int CLONE_NEWNS = 0x00020000;
    public const nuint MS_REC = 0x4000;
    public const nuint MS_SLAVE = 0x80000;
    public const int MNT_DETACH = 2;

    /// <summary>glibc's posix_spawnattr_t has 336 bytes, its file actions 80 and sigset_t 128; FreeBSD's are smaller.</summary>
    public const int OpaqueSize = 512;

    private const int PidfdOpenNumber = 434;

    public static short SpawnSetProcessGroup => 0x02;

    /// <summary>setsid(2) in the child. FreeBSD's posix_spawn cannot; a process group of its own has to do.</summary>
    public static short SpawnSetSession => Abi.IsFreeBsd ? SpawnSetProcessGroup : (short)0x80;

    public static short SpawnSetDefaultSignals => Abi.IsFreeBsd ? (short)0x10 : (short)0x04;

    public static short SpawnSetSignalMask => Abi.IsFreeBsd ? (short)0x20 : (short)0x08;

    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int posix_spawn(out int pid, string path, void* actions, void* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_destroy(void* actions);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_adddup2(void* actions, int from, int to);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int posix_spawn_file_actions_addopen(void* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int posix_spawn_file_actions_addchdir_np(void* actions, string path);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_init(void* attributes);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_destroy(void* attributes);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setflags(void* attributes, short flags);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setpgroup(void* attributes, int group);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setsigdefault(void* attributes, void* signals);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setsigmask(void* attributes, void* signals);

    [LibraryImport("libc")]
    public static partial int sigemptyset(void* signals);

    [LibraryImport("libc")]
    public static partial int sigfillset(void* signals);

    [LibraryImport("libc")]
    public static partial int pthread_sigmask(int how, void* signals, void* before);

    [LibraryImport("libc")]
    public static partial nint signal(int signal, nint handler);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setsid();

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int execve(string path, byte** argv, byte** envp);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int pipe2(int* descriptors, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(PollDescriptor* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint send(int socket, byte* buffer, nuint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int waitpid(int pid, out int status, int options);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mount(string? source, string target, string? type, nuint flags, void* data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int umount2(string target, int flags);

    /// <summary>pidfd_open(2); -1 where the kernel does not have it.</summary>
    public static int OpenProcess(int pid) => !Abi.IsFreeBsd ? (int)syscall(PidfdOpenNumber, pid, 0) : -1;

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint first, nint second);
}
