using System.Collections.Immutable;
using System.Globalization;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// The control groups of jails as the kernel shows them (cgroups(7)): one directory a jail, or one in each hierarchy. They know which processes are
/// a jail's from the moment in which it is made to that in which the last one has ended, whatever became of the runtime that started it.
/// </summary>
/// <param name="layout">How they are mounted. On a hybrid host the version 2 tree holds nothing that limits.</param>
/// <param name="root">Where they are mounted: runtimes look for them nowhere else.</param>
internal sealed class ControlGroups(CgroupLayout layout, string root = ControlGroups.Hierarchies)
{
    public const string Hierarchies = "/sys/fs/cgroup";

    /// <summary>A process that was killed needs a moment to end, a long one when it has much memory to give back or waits for a disk.</summary>
    private static readonly TimeSpan EndTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan FreezeInterval = TimeSpan.FromMilliseconds(1);

    /// <summary>Where the version 2 tree is; null where there is none.</summary>
    public static string? UnifiedTree(CgroupLayout layout) => layout switch
    {
        CgroupLayout.Unified => Hierarchies,
        CgroupLayout.Hybrid => HostFacts.HybridTree,
        _ => null,
    };

    public bool IsUnified => layout == CgroupLayout.Unified;

    /// <param name="name">As version 2 calls it: <c>cpu</c>, <c>cpuset</c>, <c>io</c>, <c>memory</c>, <c>pids</c>.</param>
    public bool HasController(string name) =>
        IsUnified ? Lines(Path.Join(root, "cgroup.controllers")).SelectMany(line => line.Split(' ')).Contains(name) : Directory.Exists(HierarchyOf(name));

    /// <summary>The processors that jails may be given; null where there is no controller for them.</summary>
    public ImmutableSortedSet<int>? Processors() =>
        Lines(Path.Join(HierarchyOf("cpuset"), IsUnified ? "cpuset.cpus.effective" : "cpuset.cpus")) is [{ Length: > 0 } list] ? CpuList.Parse(list) : null;

    /// <summary>A file of a jail's group, by the name that each version has for it.</summary>
    public string FileOf(string id, string controller, string version1, string version2) =>
        Path.Join(HierarchyOf(controller), OciConfig.CgroupPath(id), IsUnified ? version2 : version1);

    /// <summary>The directories that are there: none when the jail is gone altogether.</summary>
    public IReadOnlyList<string> Of(string id)
    {
        var name = OciConfig.CgroupPath(id);
        return Directory.Exists(root)
            ? [.. Directory.EnumerateDirectories(root).Prepend(root).Select(hierarchy => Path.Join(hierarchy, name)).Where(Directory.Exists)]
            : [];
    }

    /// <summary>The numbers that the jail's processes have on the host, the first process's among them.</summary>
    public IReadOnlyCollection<int> ProcessesOf(string id) =>
        Of(id).SelectMany(WithNested).SelectMany(group => Lines(Path.Join(group, "cgroup.procs"))).Select(line => int.Parse(line, CultureInfo.InvariantCulture)).ToHashSet();

    /// <summary>Sends SIGKILL to all processes of a jail. Nobody there: succeeds.</summary>
    public void Kill(string id)
    {
        foreach (var pid in ProcessesOf(id))
        {
            _ = NativeMethods.kill(pid, Signals.Kill);
        }

        // Version 1 lets a frozen process not even die.
        foreach (var freezer in Of(id).Select(group => Path.Join(group, "freezer.state")).Where(File.Exists))
        {
            TryWrite(freezer, "THAWED");
        }
    }

    /// <summary>
    /// Stops all processes of a jail where they are, or lets them go on. Not by the runtime, which takes processes of its own for that, while the jail
    /// goes on. False when there is nobody, or the kernel has no such file.
    /// </summary>
    public async Task<bool> TryFreezeAsync(string id, bool isFrozen, CancellationToken cancellationToken)
    {
        var (file, word) = Of(id).Select(group => (Path.Join(group, "freezer.state"), isFrozen ? "FROZEN" : "THAWED")).FirstOrDefault(freezer => File.Exists(freezer.Item1));
        if (file is null)
        {
            (file, word) = Of(id).Select(group => (Path.Join(group, "cgroup.freeze"), isFrozen ? "1" : "0")).FirstOrDefault(freezer => File.Exists(freezer.Item1));
        }

        if (file is null || ProcessesOf(id).Count == 0)
        {
            return false;
        }

        TryWrite(file, word);
        for (var waited = TimeSpan.Zero; isFrozen && waited < EndTime && !IsFrozen(file); waited += FreezeInterval)
        {
            // One that is in a system call stops when that returns.
            await Task.Delay(FreezeInterval, cancellationToken);
        }

        return true;
    }

    /// <summary>Version 2 says it in another file; of a group that is gone nobody goes on.</summary>
    private static bool IsFrozen(string file) =>
        Path.GetFileName(file) == "freezer.state"
            ? Lines(file) is not ["FREEZING" or "THAWED"]
            : !Lines(Path.Join(Path.GetDirectoryName(file), "cgroup.events")).Contains("frozen 0");

    /// <summary>Ends a jail's processes and removes its groups. Gone already: succeeds.</summary>
    /// <exception cref="KleeneException">Processes of it do not end.</exception>
    public async Task RemoveAsync(string id)
    {
        for (var waited = TimeSpan.Zero; !TryRemove(id); waited += LookInterval)
        {
            if (waited >= EndTime)
            {
                throw new KleeneException(
                    $"processes of the jail '{id}' do not end although they were killed ({string.Join(' ', ProcessesOf(id))}); they may wait for a disk or a server that does not answer");
            }

            Kill(id);
            await Task.Delay(LookInterval);
        }
    }

    private string HierarchyOf(string controller) => IsUnified ? root : Path.Join(root, controller == "io" ? "blkio" : controller);

    private bool TryRemove(string id)
    {
        foreach (var group in Of(id).SelectMany(WithNested).OrderByDescending(group => group.Length))
        {
            try
            {
                Directory.Delete(group);
            }
            catch (DirectoryNotFoundException)
            {
                // Its runtime was faster.
                continue;
            }
            catch (IOException)
            {
                // EBUSY: there is still somebody in it.
                return false;
            }
        }

        return true;
    }

    /// <summary>A group and those that the jail made in it.</summary>
    private static IEnumerable<string> WithNested(string group)
    {
        try
        {
            return [group, .. Directory.GetDirectories(group, "*", SearchOption.AllDirectories)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            // ENOENT or ENODEV: the group is gone, and its processes with it.
            return [];
        }
    }

    private static void TryWrite(string file, string text)
    {
        try
        {
            File.WriteAllText(file, text);
        }
        catch (IOException)
        {
            // The same.
            return;
        }
    }
}
