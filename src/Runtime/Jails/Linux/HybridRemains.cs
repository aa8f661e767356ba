using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// Removes what crun leaves on a hybrid host. There the version 2 tree is hidden from it; but it goes by the name
/// <c>unified</c>, finds the bare directory that was beneath, makes its group there as a plain directory, and does not come back for it.
/// </summary>
internal sealed class HybridRemains : IDisposable
{
    private const string Hierarchies = "/sys/fs/cgroup";

    private readonly SafeFileHandle beneath;

    private HybridRemains(SafeFileHandle beneath) => this.beneath = beneath;

    /// <summary>A view of the directory without what is mounted inside (open_tree(2)); null where it cannot be had.</summary>
    public static HybridRemains? TryOpen()
    {
        var beneath = NativeMethods.CloneMount(Hierarchies);
        if (!beneath.IsInvalid)
        {
            return new HybridRemains(beneath);
        }

        beneath.Dispose();
        return null;
    }

    /// <summary>Nothing there: succeeds.</summary>
    public void Remove(string id)
    {
        // The one below is there only if the jail was measured.
        RemoveGroup(OciConfig.MeasuredCgroupPath(id));
        RemoveGroup(OciConfig.CgroupPath(id));
    }

    public void Dispose() => beneath.Dispose();

    private void RemoveGroup(string path)
    {
        var group = Path.GetFileName(HostFacts.HybridTree) + path;
        _ = FileCalls.Unlink(beneath, ((UnixPath)$"{group}/cgroup.procs").Terminated, isDirectory: false);
        if (!FileCalls.Unlink(beneath, ((UnixPath)group).Terminated, isDirectory: true) && Errno.Last != Errno.ENOENT)
        {
            throw Errno.LastException($"remove '{Hierarchies}/{group}', which the runtime left");
        }
    }
}
