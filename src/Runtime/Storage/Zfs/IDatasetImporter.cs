namespace Kleene.Build.Runtime.Storage.Zfs;

/// <summary>Makes snapshots of datasets that somebody else made. Only ZFS can.</summary>
public interface IDatasetImporter
{
    /// <summary>A full copy (send and receive), from any pool; the source can go afterwards.</summary>
    /// <param name="source">A file system, which is copied as it is now, or one of its snapshots.</param>
    /// <exception cref="DatasetNotFoundException">There is no such dataset.</exception>
    Task CopyDatasetAsync(DatasetName source, SnapshotId id, CancellationToken cancellationToken);

    /// <summary>A clone, made at once; the source has to stay as long as the snapshot, and lie in the same pool.</summary>
    /// <param name="source">A file system, which is cloned as it is now, or one of its snapshots.</param>
    /// <exception cref="DatasetNotFoundException">There is no such dataset.</exception>
    Task CloneDatasetAsync(DatasetName source, SnapshotId id, CancellationToken cancellationToken);
}

/// <summary>There is no dataset of that name.</summary>
public sealed class DatasetNotFoundException(DatasetName name) : KleeneException($"there is no dataset '{name}'")
{
    public DatasetName Name { get; } = name;
}
