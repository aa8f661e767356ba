using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Testing.FreeBsd;

/// <summary>Datasets. What one holds is a directory, which stands at the mount point while it is mounted.</summary>
public sealed partial class FreeBsdMachine
{
    private readonly string disk;
    private Dictionary<string, Dataset> datasets = new(StringComparer.Ordinal);

    internal sealed class Dataset(string mountPoint)
    {
        public string MountPoint { get; } = mountPoint;

        public string? Origin { get; init; }

        public bool IsMounted { get; set; }

        public HashSet<string> Snapshots { get; init; } = new(StringComparer.Ordinal);

        public Dataset Clone() => new(MountPoint) { Origin = Origin, IsMounted = IsMounted, Snapshots = [.. Snapshots] };
    }

    private ProcessResult Zfs(string[] words) => words switch
    {
        ["list", "-H", "-o", "name", var name] => ListOne(name),
        ["list", "-H", "-o", "name", "-t", "filesystem", "-r", _] => Done(string.Concat(datasets.Keys.Order(StringComparer.Ordinal).Select(name => $"{name}\n"))),
        ["get", "-H", "-o", "value", "type", var name] => datasets.ContainsKey(name) ? Done("filesystem\n") : Failed($"cannot open '{name}': dataset does not exist"),
        ["get", "-Hp", "-o", "value", "used", _] => Done("24576\n"),
        ["get", "-Hp", "-r", "-o", "name,value", "used", _] => Done(string.Concat(datasets.SelectMany(entry => entry.Value.Snapshots.Select(snapshot => $"{entry.Key}@{snapshot}\t0\n").Prepend($"{entry.Key}\t24576\n")))),
        ["create", .. var options, var name] => Make(name, options, origin: null),
        ["clone", .. var options, var origin, var name] => Has(origin) ? Make(name, options, origin) : Failed($"cannot open '{origin}': dataset does not exist"),
        ["mount", .. _, var name] => MountDataset(name),
        ["unmount", var name] => UnmountDataset(name),
        ["snapshot", var name] => Snapshot(name),
        ["destroy", "-r", var name] => Destroy(name),
        ["set", _, var name] => datasets.ContainsKey(name) ? Done() : Failed($"cannot open '{name}': dataset does not exist"),
        _ => throw new InvalidOperationException($"zfs {string.Join(' ', words)}: nobody has said what it does"),
    };

    private bool Has(string name) => name.Split('@') is [var dataset, var snapshot] ? datasets.TryGetValue(dataset, out var found) && found.Snapshots.Contains(snapshot) : datasets.ContainsKey(name);

    private ProcessResult ListOne(string name) => Has(name) ? Done($"{name}\n") : Failed($"cannot open '{name}': dataset does not exist");

    private ProcessResult Make(string name, string[] options, string? origin)
    {
        if (datasets.ContainsKey(name))
        {
            return Failed($"cannot create '{name}': dataset already exists");
        }

        var mountPoint = options.Single(option => option.StartsWith("mountpoint=", StringComparison.Ordinal))["mountpoint=".Length..];
        datasets[name] = new Dataset(mountPoint) { Origin = origin };
        if (origin is null)
        {
            Directory.CreateDirectory(DiskOf(name));
        }
        else
        {
            Copy(PlaceOf(origin.Split('@')[0]), DiskOf(name));
        }

        return Done();
    }

    private ProcessResult MountDataset(string name)
    {
        if (!datasets.TryGetValue(name, out var dataset))
        {
            return Failed($"cannot open '{name}': dataset does not exist");
        }

        if (dataset.IsMounted)
        {
            return Failed($"cannot mount '{name}': filesystem already mounted");
        }

        if (Directory.Exists(dataset.MountPoint))
        {
            Directory.Delete(dataset.MountPoint);
        }

        Directory.Move(DiskOf(name), dataset.MountPoint);
        dataset.IsMounted = true;
        return Done();
    }

    private ProcessResult UnmountDataset(string name)
    {
        if (!datasets.TryGetValue(name, out var dataset))
        {
            return Failed($"cannot open '{name}': dataset does not exist");
        }

        if (!dataset.IsMounted)
        {
            return Failed($"cannot unmount '{name}': not currently mounted");
        }

        if (IsBusy(dataset.MountPoint))
        {
            return Failed($"cannot unmount '{dataset.MountPoint}': pool or dataset is busy");
        }

        Directory.Move(dataset.MountPoint, DiskOf(name));
        dataset.IsMounted = false;
        return Done();
    }

    private ProcessResult Snapshot(string name)
    {
        var (dataset, snapshot) = (name.Split('@')[0], name.Split('@')[1]);
        return !datasets.TryGetValue(dataset, out var found) ? Failed($"cannot open '{dataset}': dataset does not exist", 2)
            : found.Snapshots.Add(snapshot) ? Done()
            : Failed($"cannot create snapshot '{name}': dataset already exists");
    }

    private ProcessResult Destroy(string name)
    {
        if (!datasets.TryGetValue(name, out var dataset))
        {
            return Failed($"cannot open '{name}': dataset does not exist");
        }

        if (datasets.Where(other => other.Value.Origin?.Split('@')[0] == name).Select(other => other.Key).ToList() is { Count: > 0 } clones)
        {
            return Failed($"cannot destroy '{name}': filesystem has dependent clones\nuse '-R' to destroy the following datasets:\n{string.Join('\n', clones)}");
        }

        if (dataset.IsMounted && UnmountDataset(name) is { Exit.Success: false } busy)
        {
            return busy;
        }

        Directory.Delete(DiskOf(name), recursive: true);
        datasets.Remove(name);
        return Done();
    }

    /// <summary>Something is mounted beneath it, or a jail has its root there.</summary>
    private bool IsBusy(string path) => mounts.Any(mount => IsIn(mount.Node, path) || IsIn(mount.Source, path)) || jails.Values.Any(jail => IsIn(jail.Path, path));

    private static bool IsIn(string path, string directory) => path == directory || path.StartsWith($"{directory}/", StringComparison.Ordinal);

    private string DiskOf(string name) => Path.Join(disk, name.Replace('/', '.'));

    private string PlaceOf(string name) => datasets[name].IsMounted ? datasets[name].MountPoint : DiskOf(name);

    private void UnmountAllDatasets()
    {
        foreach (var (name, dataset) in datasets.Where(entry => entry.Value.IsMounted && entry.Key != "tank/kleene"))
        {
            if (Directory.Exists(dataset.MountPoint))
            {
                Directory.Move(dataset.MountPoint, DiskOf(name));
            }

            dataset.IsMounted = false;
        }
    }

    private static void Copy(string from, string to) =>
        new ProcessRunner().RunAsync(CommandLine.Of("cp", "-a", from, to), ProcessOutput.Captured, CancellationToken.None).GetAwaiter().GetResult();
}
