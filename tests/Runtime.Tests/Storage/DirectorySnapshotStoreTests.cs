using Kleene.Build.Runtime.Storage;
using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Runtime.Tests.Storage;

/// <summary>The fake keeps the law too, so it may stand in for the real stores.</summary>
[NeedsStorage(StorageNeed.Root)]
public sealed class DirectorySnapshotStoreTests : SnapshotStoreContract
{
    private readonly StorageScratch scratch = new("directory");

    protected override string Root => scratch.Path;

    protected override bool SharesFiles => false;

    protected override Task<ISnapshotStore> MakeStoreAsync() => Task.FromResult<ISnapshotStore>(new DirectorySnapshotStore(scratch.Path));

    protected override Task<IReadOnlyList<string>> KeptAsync() => Task.FromResult<IReadOnlyList<string>>([.. Directory.EnumerateFileSystemEntries(Root).Order()]);

    protected override Task RemoveStoreAsync()
    {
        scratch.Remove();
        return Task.CompletedTask;
    }
}
