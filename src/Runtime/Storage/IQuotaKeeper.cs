namespace Kleene.Build.Runtime.Storage;

/// <summary>A storage driver that can bound the size of a single tree, at no cost for all others.</summary>
public interface IQuotaKeeper
{
    /// <summary>The most that the files of a workspace may take. Writers beyond that get EDQUOT.</summary>
    Task LimitAsync(SnapshotId id, long bytes, CancellationToken cancellationToken);
}
