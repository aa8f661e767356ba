using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>Which places of a tree something is mounted on.</summary>
internal static class JailMounts
{
    private static readonly ImmutableArray<string> Kernel = ["/proc", "/dev", "/sys"];

    /// <summary>Beneath these the tree does not show what the jail will see.</summary>
    public static ImmutableArray<string> Covering(JailSpec spec) => [.. Kernel, .. spec.Mounts.Select(mount => mount.Destination), .. spec.Files.Select(file => file.Destination)];

    /// <exception cref="JailStartException">A source is missing, or a destination cannot be mounted on.</exception>
    public static void EnsureMountPoints(JailSpec spec, MountPoints points)
    {
        foreach (var directory in Kernel)
        {
            points.EnsureDirectory(directory);
        }

        foreach (var file in NetworkFiles.All)
        {
            points.EnsureFile(file);
        }

        var covered = new List<string>(Kernel);
        foreach (var mount in spec.Mounts)
        {
            Ensure(mount, covered, points);
            covered.Add(Path.GetFullPath(mount.Destination));
        }

        foreach (var file in spec.Files.Where(file => !IsCovered(file.Destination, covered)))
        {
            points.EnsureFile(file.Destination);
        }

        if (!IsCovered(spec.Process.WorkingDirectory, covered))
        {
            points.EnsureDirectory(spec.Process.WorkingDirectory);
        }
    }

    private static void Ensure(JailMount mount, List<string> covered, MountPoints points)
    {
        var isDirectory = mount.IsMemory || Directory.Exists(mount.Source);
        if (!isDirectory && !File.Exists(mount.Source))
        {
            throw new JailStartException(JailStartFailure.Jail, $"'{mount.Source}', to be mounted at '{mount.Destination}', does not exist");
        }

        if (IsCovered(mount.Destination, covered))
        {
            // It is made in what has been mounted there, by the runtime.
            return;
        }

        if (isDirectory)
        {
            points.EnsureDirectory(mount.Destination);
        }
        else
        {
            points.EnsureFile(mount.Destination);
        }
    }

    /// <summary>By name alone: a link that leads beneath a mount is found out by the runtime, which then mounts or fails.</summary>
    private static bool IsCovered(string path, List<string> covered)
    {
        var plain = Path.GetFullPath(path);
        return covered.Any(point => plain == point || plain.StartsWith(point.TrimEnd('/') + "/", StringComparison.Ordinal));
    }
}
