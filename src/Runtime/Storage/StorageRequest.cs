using Kleene.Build.Runtime.Storage.Btrfs;
using Kleene.Build.Runtime.Storage.Overlay;
using Kleene.Build.Runtime.Storage.Zfs;

namespace Kleene.Build.Runtime.Storage;

/// <summary>Which storage driver somebody asked for.</summary>
/// <param name="Driver">Null: whichever fits.</param>
/// <param name="Dataset">Of ZFS, when one was named.</param>
public sealed record StorageRequest(string? Driver = null, DatasetName? Dataset = null)
{
    public static StorageRequest Auto { get; } = new();

    /// <summary><c>auto</c>, <c>zfs</c>, <c>zfs:POOL/DATASET</c>, <c>btrfs</c> or <c>overlay</c>.</summary>
    /// <exception cref="KleeneException">It is none of these.</exception>
    public static StorageRequest Parse(string text) => text.Split(':', 2) switch
    {
        ["auto"] => Auto,
        [ZfsSnapshotStore.DriverName] => new(ZfsSnapshotStore.DriverName),
        [ZfsSnapshotStore.DriverName, var name] => new(ZfsSnapshotStore.DriverName, ParseDataset(name)),
        [BtrfsSnapshotStore.DriverName] => new(BtrfsSnapshotStore.DriverName),
        [OverlaySnapshotStore.DriverName] => new(OverlaySnapshotStore.DriverName),
        _ => throw new KleeneException($"unknown storage driver '{text}': use auto, zfs, zfs:POOL/DATASET, btrfs or overlay"),
    };

    private static DatasetName ParseDataset(string text)
    {
        var name = DatasetName.Parse(text);
        return name.IsSnapshot ? throw new KleeneException($"invalid dataset '{text}': a snapshot cannot hold trees") : name;
    }
}
