using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>fsopen, fsconfig, fsmount, move_mount: each layer is a call of its own, so 500 of them fit and their names need no escaping.</summary>
internal sealed class MountApi : IOverlayMounter
{
    /// <summary>Of fs/overlayfs/params.h (OVL_MAX_STACK).</summary>
    public int MaximumLower => 500;

    /// <summary>
    /// False also where nothing can be mounted at all. Before Linux 6.5 overlayfs took any option without a look and refused it only when it was to be
    /// mounted: a kernel that takes one that does not exist says nothing by taking ours.
    /// </summary>
    public static bool IsSupported()
    {
        using var context = Open(out var errno);
        return errno == 0 && Set(context, "kleene-asks\0"u8, "/\0"u8) != 0 && Set(context, "lowerdir+\0"u8, "/\0"u8) == 0;
    }

    public static SafeFileHandle Open(out int errno)
    {
        var descriptor = NativeMethods.fsopen(NativeMethods.SYS_fsopen, "overlay\0"u8, NativeMethods.FSOPEN_CLOEXEC);
        errno = descriptor < 0 ? Errno.Last : 0;
        return new SafeFileHandle((nint)descriptor, ownsHandle: true);
    }

    public void Mount(string root, OverlayLayers layers, string target)
    {
        using var mount = MountDetached(root, layers);
        DetachedMount.Attach(mount, target);
    }

    public SafeFileHandle MountDetached(string root, OverlayLayers layers)
    {
        using var context = Open(out var errno);
        if (errno != 0)
        {
            throw Errno.Exception(errno, "fsopen overlay");
        }

        foreach (var lower in layers.Lower)
        {
            Require(context, "lowerdir+\0"u8, Path.Join(root, lower));
        }

        if (layers.Upper is not null)
        {
            // Only these two are unescaped by the kernel.
            Require(context, "upperdir\0"u8, Escape(Path.Join(root, layers.Upper)));
            Require(context, "workdir\0"u8, Escape(Path.Join(root, layers.Work)));
            if (layers.IsVolatile)
            {
                var set = NativeMethods.fsconfig(NativeMethods.SYS_fsconfig, context, NativeMethods.FSCONFIG_SET_FLAG, "volatile\0"u8, [], 0);
                Check(context, set, "volatile");
            }
        }

        foreach (var option in OverlayLayers.SwitchedOff)
        {
            Require(context, ((UnixPath)option).Terminated, "off");
        }

        Check(context, NativeMethods.fsconfig(NativeMethods.SYS_fsconfig, context, NativeMethods.FSCONFIG_CMD_CREATE, [], [], 0), "create");
        var attributes = layers.Upper is null ? NativeMethods.MOUNT_ATTR_RDONLY : 0;
        var mount = NativeMethods.fsmount(NativeMethods.SYS_fsmount, context, NativeMethods.FSMOUNT_CLOEXEC, attributes);
        Check(context, mount < 0 ? -1 : 0, "fsmount");
        return new SafeFileHandle((nint)mount, ownsHandle: true);
    }

    private static string Escape(string path) => path.Replace("\\", "\\\\", StringComparison.Ordinal);

    private static void Require(SafeFileHandle context, ReadOnlySpan<byte> key, string value) =>
        Check(context, Set(context, key, ((UnixPath)value).Terminated), $"{Encoding.ASCII.GetString(key[..^1])}={value}");

    private static long Set(SafeFileHandle context, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        NativeMethods.fsconfig(NativeMethods.SYS_fsconfig, context, NativeMethods.FSCONFIG_SET_STRING, key, value, 0);

    private static void Check(SafeFileHandle context, long result, string what)
    {
        if (result < 0)
        {
            var errno = Errno.Last;
            throw Errno.Exception(errno, $"mount overlay, {what}{Messages(context)}");
        }
    }

    /// <summary>What the kernel logged about this context (fsopen(2)): <c>e overlay: ...</c>.</summary>
    private static string Messages(SafeFileHandle context)
    {
        var text = new StringBuilder();
        Span<byte> message = stackalloc byte[512];
        while (NativeMethods.read(context, message, message.Length) is > 0 and var length)
        {
            text.Append(" (").Append(Encoding.UTF8.GetString(message[..(int)length]).Trim()).Append(')');
        }

        return text.ToString();
    }
}
