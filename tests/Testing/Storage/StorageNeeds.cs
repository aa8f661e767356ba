using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Overlay;

namespace Kleene.Build.Testing.Storage;

/// <summary>Why a storage driver cannot be tested on this machine, or null.</summary>
internal static class StorageNeeds
{
    private static readonly Lazy<string?> OverlayMissing = new(OverlayMounter.WhyUnavailable);
    private static readonly Lazy<string?> BtrfsMissing = new(() => WhyNotRoot() ?? WhyNoFileSystem("btrfs") ?? WhyNoTool("mkfs.btrfs", "btrfs-progs"));
    private static readonly Lazy<string?> ZfsMissing = new(() => WhyNotRoot() ?? WhyNoTool("zfs-fuse", "zfs-fuse") ?? WhyNoTool("zpool", "zfs-fuse"));

    public static string? Overlay => OverlayMissing.Value;

    public static string? Btrfs => BtrfsMissing.Value;

    public static string? Zfs => ZfsMissing.Value;

    public static string? Root => WhyNotRoot();

    private static string? WhyNotRoot() => Environment.IsPrivilegedProcess ? null : "needs root";

    private static string? WhyNoFileSystem(string name) =>
        File.ReadLines("/proc/filesystems").Any(line => line.EndsWith($"\t{name}", StringComparison.Ordinal)) ? null : $"needs {name} in the kernel";

    private static string? WhyNoTool(string program, string package) =>
        new[] { "/usr/sbin", "/sbin", "/usr/bin", "/bin" }.Any(directory => File.Exists(Path.Join(directory, program))) ? null : $"needs {program} (package {package})";
}
