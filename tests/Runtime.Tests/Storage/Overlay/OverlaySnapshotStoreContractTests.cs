using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Overlay;
using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Runtime.Tests.Storage.Overlay;

[NeedsStorage(StorageNeed.Overlay)]
public class OverlaySnapshotStoreContractTests : SnapshotStoreContract
{
    // The kernel gives a colon, a comma and a backslash in a path meanings of their own.
    private readonly StorageScratch scratch = new("overlay");

    protected override string Root => Path.Join(scratch.Path, "a:b,c\\d e");

    protected override Task<ISnapshotStore> MakeStoreAsync() => Task.FromResult<ISnapshotStore>(new OverlaySnapshotStore(Root));

    protected override Task<IReadOnlyList<string>> KeptAsync() => Task.FromResult<IReadOnlyList<string>>([.. Directory.EnumerateFileSystemEntries(Root).Order()]);

    protected override Task RemoveStoreAsync()
    {
        scratch.Remove();
        return Task.CompletedTask;
    }
}

/// <summary>As on kernels without the mount API.</summary>
public sealed class ClassicMountContractTests : OverlaySnapshotStoreContractTests
{
    protected override Task<ISnapshotStore> MakeStoreAsync()
    {
        var mounter = new ClassicMount();
        return Task.FromResult<ISnapshotStore>(new OverlaySnapshotStore(Root, mounter, mounter.MaximumLower));
    }
}

/// <summary>Every third step stands on a flat copy.</summary>
public sealed class FlatteningContractTests : OverlaySnapshotStoreContractTests
{
    protected override Task<ISnapshotStore> MakeStoreAsync() =>
        Task.FromResult<ISnapshotStore>(new OverlaySnapshotStore(Root, OverlayMounter.Best, maximumLayers: 3));
}
