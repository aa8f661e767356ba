using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Files;

/// <summary>Lets Linux (5.6 and later) resolve the whole path inside the root: openat2(2).</summary>
internal sealed unsafe class KernelResolver : IDirectoryResolver
{
    /// <summary>limits.h, PATH_MAX with its NUL.</summary>
    private const int LongestPath = 4096;

    /// <summary>A rename elsewhere makes the kernel unsure of a <c>..</c>, which it says with EAGAIN; it wants to be asked again.</summary>
    private const int Attempts = 1000;

    private readonly StepwiseResolver stepwise = new();

    /// <summary>Whether the kernel has the call and lets us use it; a sandbox may answer EPERM, FreeBSD's Linux layer ENOSYS.</summary>
    public static bool IsSupported { get; } = Probe();

    public SafeFileHandle? Open(SafeFileHandle root, UnixPath path, LinkRule links)
    {
        if (path.Terminated.Length > LongestPath)
        {
            return stepwise.Open(root, path, links);
        }

        var resolve = links == LinkRule.InsideRoot
            ? NativeMethods.RESOLVE_IN_ROOT | NativeMethods.RESOLVE_NO_MAGICLINKS
            : NativeMethods.RESOLVE_BENEATH | NativeMethods.RESOLVE_NO_SYMLINKS;
        var how = new OpenHow { Flags = (ulong)(Abi.O_RDONLY | Abi.O_DIRECTORY | Abi.O_CLOEXEC), Resolve = resolve };
        var start = links == LinkRule.InsideRoot ? path.Terminated : Relative(path.Terminated);
        fixed (byte* pointer = start)
        {
            for (var attempt = 0; ; attempt++)
            {
                var descriptor = NativeMethods.openat2(Abi.SYS_openat2, root, pointer, &how, (nuint)sizeof(OpenHow));
                if (descriptor >= 0)
                {
                    return new SafeFileHandle(descriptor, ownsHandle: true);
                }

                if (Errno.Last != Errno.EAGAIN || attempt == Attempts)
                {
                    return null;
                }
            }
        }
    }

    /// <summary>RESOLVE_BENEATH refuses a path that starts at the root.</summary>
    private static ReadOnlySpan<byte> Relative(ReadOnlySpan<byte> path)
    {
        var relative = path.TrimStart((byte)'/');
        return relative.Length <= 1 ? ".\0"u8 : relative;
    }

    private static bool Probe()
    {
        if (Abi.IsFreeBsd)
        {
            return false;
        }

        var how = new OpenHow { Flags = (ulong)(Abi.O_RDONLY | Abi.O_DIRECTORY | Abi.O_CLOEXEC), Resolve = NativeMethods.RESOLVE_IN_ROOT };
        using var here = new SafeFileHandle(Abi.AT_FDCWD, ownsHandle: false);
        fixed (byte* pointer = "/\0"u8)
        {
            var descriptor = NativeMethods.openat2(Abi.SYS_openat2, here, pointer, &how, (nuint)sizeof(OpenHow));
            using var opened = new SafeFileHandle(descriptor, ownsHandle: descriptor >= 0);
            return descriptor >= 0;
        }
    }
}
