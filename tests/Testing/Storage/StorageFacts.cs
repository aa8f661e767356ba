using Xunit;

namespace Kleene.Build.Testing.Storage;

/// <summary>A test that mounts overlays.</summary>
public sealed class OverlayFactAttribute : FactAttribute
{
    public OverlayFactAttribute() => Skip = StorageNeeds.Overlay;
}

/// <summary>A test that makes a btrfs file system on a loop device.</summary>
public sealed class BtrfsFactAttribute : FactAttribute
{
    public BtrfsFactAttribute() => Skip = StorageNeeds.Btrfs;
}

/// <summary>A test that makes a pool for zfs-fuse.</summary>
public sealed class ZfsFactAttribute : FactAttribute
{
    public ZfsFactAttribute() => Skip = StorageNeeds.Zfs;
}

/// <summary>As <see cref="OverlayFactAttribute"/>, once for each line of data.</summary>
public sealed class OverlayTheoryAttribute : TheoryAttribute
{
    public OverlayTheoryAttribute() => Skip = StorageNeeds.Overlay;
}
