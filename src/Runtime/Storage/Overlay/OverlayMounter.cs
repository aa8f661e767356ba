using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>Mounts overlays by system calls alone: by the mount API with <c>lowerdir+</c> (Linux 6.7), or by mount(2) before that.</summary>
internal interface IOverlayMounter
{
    /// <summary>How many lower directories one mount can have.</summary>
    int MaximumLower { get; }

    void Mount(string root, OverlayLayers layers, string target);

    /// <summary>A mount in no namespace, which lasts until the handle is closed, so that a crash cannot leave it behind.</summary>
    SafeFileHandle MountDetached(string root, OverlayLayers layers);
}

internal static class OverlayMounter
{
    private static readonly Lazy<IOverlayMounter> Chosen = new(() => MountApi.IsSupported() ? new MountApi() : new ClassicMount());

    /// <summary>What this kernel can do, asked once.</summary>
    public static IOverlayMounter Best => Chosen.Value;

    /// <summary>Why overlays cannot be mounted here, or null.</summary>
    public static string? WhyUnavailable()
    {
        using var context = MountApi.Open(out var errno);
        return errno switch
        {
            0 => null,
            Errno.EPERM => "it takes root (CAP_SYS_ADMIN) to mount; run the command as root",
            Errno.ENODEV => "the kernel has no overlayfs (CONFIG_OVERLAY_FS)",
            _ when errno == Errno.ENOSYS => File.ReadLines("/proc/filesystems").Contains("nodev\toverlay") ? null : "the kernel has no overlayfs (CONFIG_OVERLAY_FS)",
            _ => $"fsopen(2) says: {Errno.Exception(errno, "overlay").Message}",
        };
    }
}
