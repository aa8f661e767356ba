using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>
/// mount(2), whose options have to fit one page: the calling thread stands in the root, so that names are short.
/// That thread has a working directory of its own (CLONE_FS) and ends with the mount.
/// </summary>
internal sealed class ClassicMount : IOverlayMounter
{
    /// <summary>
    /// 4096 bytes less the rest of the options, at 18 bytes for <c>0123456789ab/flat:</c>.
    /// </summary>
    public int MaximumLower => 200;

    public void Mount(string root, OverlayLayers layers, string target) => InRoot(root, () => MountHere(layers, target));

    public SafeFileHandle MountDetached(string root, OverlayLayers layers)
    {
        var target = Path.Join(root, $"view-{Guid.NewGuid():N}");
        Directory.CreateDirectory(target);
        try
        {
            Mount(root, layers, target);

            return DetachedMount.Clone(target);
        }
        finally
        {
            DetachedMount.Detach(target);
            Directory.Delete(target);
        }
    }

    private static void MountHere(OverlayLayers layers, string target)
    {
        var options = $"lowerdir={string.Join(':', layers.Lower)}";
        if (layers.Upper is not null)
        {
            options += $",upperdir={layers.Upper},workdir={layers.Work}";
        }

        var flags = layers.Upper is null ? NativeMethods.MS_RDONLY : 0;
        var wanted = options + string.Concat(OverlayLayers.SwitchedOff.Select(option => $",{option}=off")) + (layers.IsVolatile ? ",volatile" : "");
        if (NativeMethods.mount("overlay", target, "overlay", flags, wanted) == 0)
        {
            return;
        }

        // "volatile" is of 5.10 and "uuid" of 5.11; older kernels do as wanted without them, only slower.
        var errno = Errno.Last;
        if (errno != Errno.EINVAL || NativeMethods.mount("overlay", target, "overlay", flags, options) != 0)
        {
            throw Errno.Exception(errno, $"mount overlay '{target}'");
        }
    }

    private static void InRoot(string root, Action action) => OwnThread.Run(() =>
    {
        if (NativeMethods.unshare(NativeMethods.CLONE_FS) != 0 || NativeMethods.chdir(root) != 0)
        {
            throw Errno.LastException($"chdir '{root}'");
        }

        action();
        return true;
    });
}
