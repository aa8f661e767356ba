using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Networks.Linux;

/// <summary>Network stacks of the kernel (network_namespaces(7)) that are held by a file.</summary>
internal static class NetworkNamespace
{
    /// <summary>What new stacks are given beside the kernel's defaults: ICMP redirects and routers that neighbours invent are not believed; all ports may be listened at, as by Docker.</summary>
    private static readonly (string Path, string Value)[] Settings =
    [
        ("ipv4/conf/all/accept_redirects", "0"),
        ("ipv4/conf/default/accept_redirects", "0"),
        ("ipv6/conf/default/accept_redirects", "0"),
        ("ipv6/conf/default/accept_ra", "0"),
        ("ipv4/ip_unprivileged_port_start", "0"),
        ("ipv4/ping_group_range", "0 2147483647"),
    ];

    /// <summary>Makes a stack that lives as long as something is mounted on a file, which is made too.</summary>
    /// <param name="open">Works in the new stack.</param>
    public static unsafe T Create<T>(string path, Func<T> open)
    {
        using (File.Create(path))
        {
        }

        return OwnThread.Run(() =>
        {
            if (NativeMethods.unshare(NativeMethods.CLONE_NEWNET) != 0)
            {
                throw Errno.LastException("unshare(CLONE_NEWNET)");
            }

            if (NativeMethods.mount("/proc/thread-self/ns/net", path, null, NativeMethods.MS_BIND, null) != 0)
            {
                throw Errno.LastException($"mount --bind a network stack on '{path}'");
            }

            foreach (var (setting, value) in Settings)
            {
                Set(setting, value);
            }

            return open();
        });
    }

    /// <summary>Works in a stack that is there; in our own when there is no path.</summary>
    public static T In<T>(string? path, Func<T> work)
    {
        if (path is null)
        {
            return work();
        }

        using var held = Open(path);
        return OwnThread.Run(() => NativeMethods.setns(held, NativeMethods.CLONE_NEWNET) == 0 ? work() : throw Errno.LastException($"setns '{path}'"));
    }

    /// <summary>A handle by which a stack can be named to the kernel.</summary>
    public static SafeFileHandle Open(string path)
    {
        var descriptor = NativeMethods.open(path, NativeMethods.O_RDONLY | NativeMethods.O_CLOEXEC, 0);
        return descriptor < 0 ? throw Errno.LastException($"open '{path}'") : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Gone already: succeeds.</summary>
    public static void Remove(string path)
    {
        // Each mount on it: one killed between the two could have been followed by another.
        while (NativeMethods.umount2(path, NativeMethods.MNT_DETACH) == 0)
        {
        }

        if (Errno.Last is not (Errno.ENOENT or Errno.EINVAL))
        {
            throw Errno.LastException($"umount '{path}'");
        }

        File.Delete(path);
    }

    /// <summary>Sets what a file below /proc/sys/net says, which is that of the calling thread's stack. A setting that the kernel lacks is not missed.</summary>
    public static void Set(string setting, string value)
    {
        var path = Path.Join("/proc/sys/net", setting);
        if (File.Exists(path))
        {
            File.WriteAllText(path, value);
        }
    }
}
