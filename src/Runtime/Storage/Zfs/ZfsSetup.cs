using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Storage.Zfs;

/// <summary>
/// Sees to it that there is a dataset to keep trees in.
/// Which one was found good is noted in the state directory, so that only the first use costs processes.
/// </summary>
/// <param name="root">The state directory.</param>
/// <param name="isFreeBsd">Whether the kernel is FreeBSD's. Its Linux layer may show a table of mounts in which datasets have other names.</param>
internal sealed class ZfsSetup(IProcessRunner runner, string root, bool isFreeBsd)
{
    /// <summary>What the mount table calls a file system of zfs-fuse.</summary>
    public const string FuseType = "fuse.zfs";

    private const string Driver = ZfsSnapshotStore.DriverName;
    private const string OwnName = "kleene";

    private readonly ZfsTool zfs = isFreeBsd ? new(runner, ZfsTool.FreeBsdProgram) : new(runner);

    /// <summary>Where the trees are mounted.</summary>
    public string MountRoot => Path.Join(root, Driver);

    private string Note => NoteIn(root);

    /// <summary>Whether a dataset has been found good for a state directory.</summary>
    public static bool IsConfigured(string root) => File.Exists(NoteIn(root));

    /// <summary>Makes a dataset of the user's choice, with those above it, and takes it. There already: takes it.</summary>
    public async Task<DatasetName> MakeAsync(DatasetName dataset)
    {
        if (Noted() is { } noted && noted != dataset)
        {
            throw Unavailable($"'{root}' has its trees in '{noted}' already; choose another state directory with --root for '{dataset}'");
        }

        if (await AskAsync("get", dataset.ToString(), "get", "-H", "-o", "value", "type", dataset.ToString()) is null
            && await AskAsync("create", dataset.ToString(), "create", "-p", dataset.ToString()) is null)
        {
            throw Unavailable($"there is no pool '{dataset.Pool}'; 'zpool list' shows those that there are");
        }

        return await UseAsync(dataset);
    }

    /// <summary>A dataset that the user made for us.</summary>
    public async Task<DatasetName> UseAsync(DatasetName dataset)
    {
        if (Noted() == dataset)
        {
            return dataset;
        }

        var type = await AskAsync("get", dataset.ToString(), "get", "-H", "-o", "value", "type", dataset.ToString())
            ?? throw Unavailable($"there is no dataset '{dataset}'; make it with 'zfs create {dataset}'");
        if (type.Trim() != "filesystem")
        {
            throw Unavailable($"'{dataset}' is a {type.Trim()}, not a file system");
        }

        return await KeepAsync(dataset);
    }

    /// <summary>A dataset of our own, made below the one that the state directory lies on.</summary>
    public async Task<DatasetName> UseBelowRootAsync()
    {
        if (Noted() is { } noted)
        {
            return noted;
        }

        var parent = await DatasetOfRootAsync();
        var dataset = parent.Child(OwnName);
        if (await AskAsync("get", dataset.ToString(), "get", "-H", "-o", "value", "type", dataset.ToString()) is null
            && await AskAsync("create", dataset.ToString(), "create", "-o", $"mountpoint={MountRoot}", dataset.ToString()) is null)
        {
            throw Unavailable($"dataset '{parent}' is gone");
        }

        return await KeepAsync(dataset);
    }

    private async Task<DatasetName> DatasetOfRootAsync()
    {
        // Linux knows it without a process.
        var entry = !isFreeBsd && File.Exists("/proc/self/mountinfo") ? MountEntry.Containing(root) : null;
        var name = entry switch
        {
            { Type: Driver or FuseType } => entry.Source,
            null => (await AskAsync("list", root, "list", "-H", "-o", "name", root))?.Trim(),
            _ => null,
        };
        return name is null
            ? throw Unavailable($"'{root}' does not lie on ZFS; name a dataset as in --storage zfs:POOL/DATASET, or once for all by 'kleene init POOL/DATASET', or move '{root}' with --root")
            : DatasetName.Parse(name);
    }

    /// <summary>What the command printed; null when the subject does not exist.</summary>
    private async Task<string?> AskAsync(string operation, string subject, params string[] arguments)
    {
        try
        {
            return await zfs.RunAsync(arguments);
        }
        catch (ToolMissingException e)
        {
            throw new StorageUnavailableException(
                Driver, isFreeBsd ? $"'{ZfsTool.FreeBsdProgram}' is not there; it is part of the base system" : "the program 'zfs' is not installed (on Debian: zfsutils-linux from contrib, or zfs-fuse)", e);
        }
        catch (ProcessFailedException e)
        {
            return ZfsErrors.Read(e.Result.Error, subject) == ZfsFailure.Missing
                ? null
                : throw new StorageUnavailableException(Driver, $"'zfs {operation}' says: {e.Result.Error.Trim().Split('\n')[^1]}", e);
        }
    }

    private static string NoteIn(string root) => Path.Join(root, $"{Driver}.dataset");

    private DatasetName? Noted() => File.Exists(Note) && File.ReadAllText(Note).Trim() is { Length: > 0 } name ? DatasetName.Parse(name) : null;

    private async Task<DatasetName> KeepAsync(DatasetName dataset)
    {
        await File.WriteAllTextAsync(Note, dataset.ToString());
        return dataset;
    }

    private static StorageUnavailableException Unavailable(string reason) => new(Driver, reason);
}
