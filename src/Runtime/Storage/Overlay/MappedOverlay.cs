using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Users;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>
/// Overlays whose owners are shown as a range of ids has them. overlayfs itself cannot be mapped, but takes layers that are (Linux 5.19): so the
/// whole store is covered by a mapped mount of itself, where only the mounting thread sees it, and the layers have the names that they always have.
/// </summary>
internal static class MappedOverlay
{
    /// <returns>A mount that is nowhere yet.</returns>
    public static SafeFileHandle Mount(IOverlayMounter mounter, string root, OverlayLayers layers, UserNamespace users) => OwnThread.Run(() =>
    {
        MountNamespace.Enter();
        using (var cover = DetachedMount.Clone(root, users))
        {
            DetachedMount.Attach(cover, root);
        }

        // overlayfs works on its layers as who has mounted it, for as long as it lives.
        using var acting = ActingUser.Of(users.Range);
        return mounter.MountDetached(root, layers);
    });
}
