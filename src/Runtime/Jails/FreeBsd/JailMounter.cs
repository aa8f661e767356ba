using System.Globalization;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>
/// Mounts what a jail is to have in its tree, before anything runs in it, and unmounts it. Each place is found beneath the tree's root first, link by link:
/// mount_nullfs(8) would follow a link of the image to the host's own directories.
/// </summary>
internal sealed class JailMounter(IProcessRunner processes)
{
    /// <summary>For the file system's own records.</summary>
    private const long MemorySlack = 1 << 20;

    /// <summary>Makes the places in the tree that are mounted on, and notes them before anything is mounted.</summary>
    /// <exception cref="JailStartException">A source is missing, or a destination cannot be mounted on.</exception>
    public static void MakePlaces(JailSpec spec, JailDirectory directory, RootedDirectory tree)
    {
        using var points = new MountPoints(tree);
        var covered = new List<string>();
        foreach (var place in PlacesOf(spec, directory))
        {
            // What lies beneath something mounted is made there when it is.
            if (!covered.Any(above => IsBeneath(place.Destination, above)))
            {
                Ensure(points, place);
            }

            covered.Add(place.Destination);
        }

        foreach (var directoryOfJail in JailParameters.MountPointsOf(spec))
        {
            points.EnsureDirectory(directoryOfJail);
        }

        if (!covered.Any(above => IsBeneath(spec.Process.WorkingDirectory, above)))
        {
            points.EnsureDirectory(spec.Process.WorkingDirectory);
        }

        directory.WriteRoot(spec.Root);
        directory.WriteMountPoints(points);
    }

    /// <returns>Where the jail's root is.</returns>
    public async Task<string> MountAsync(JailSpec spec, JailDirectory directory, CancellationToken cancellationToken)
    {
        var root = spec.Root;
        if (spec.ReadOnlyRoot)
        {
            Directory.CreateDirectory(directory.ReadOnlyRoot);
            await NullfsAsync(spec.Root, directory.ReadOnlyRoot, isReadOnly: true, cancellationToken);
            root = directory.ReadOnlyRoot;
        }

        if (!spec.Files.IsEmpty)
        {
            await WriteFilesAsync(spec, directory, cancellationToken);
        }

        foreach (var place in PlacesOf(spec, directory))
        {
            var target = Path.Join(root, Find(root, place));
            await (place.Mount is { IsMemory: true } memory
                ? TmpfsAsync(memory, target, cancellationToken)
                : NullfsAsync(place.Source, target, place.IsReadOnly, cancellationToken));
        }

        return root;
    }

    /// <summary>Unmounts all that is mounted in a tree and in our own directory, whoever did it. Nothing there: succeeds.</summary>
    public async Task UnmountAsync(JailDirectory directory, CancellationToken cancellationToken)
    {
        var table = MountTable.Parse(await processes.RunToolAsync(CommandLine.Of(FreeBsdTools.Mount, "--libxo", "json"), cancellationToken));
        IEnumerable<string> nodes = table.Beneath(directory.Directory);
        if (directory.Root is { } root)
        {
            // What is mounted in the read-only root's other name comes after it, and so goes before.
            nodes = nodes.Concat(table.Beneath(root));
        }

        foreach (var node in nodes)
        {
            await processes.RunToolAsync(CommandLine.Of(FreeBsdTools.Unmount, node), cancellationToken);
        }
    }

    private static IEnumerable<Place> PlacesOf(JailSpec spec, JailDirectory directory)
    {
        yield return new Place(FreeBsdTools.Rescue, JailCommand.HelperDirectory, IsDirectory: true, IsReadOnly: true);
        var hosts = spec.Network switch
        {
            JailNetwork.Joined joined => joined.HostsFile,
            JailNetwork.Addressed addressed => addressed.HostsFile,
            _ => directory.HostsFile,
        };
        yield return new Place(hosts, NetworkFiles.Hosts, IsDirectory: false, IsReadOnly: false);
        yield return new Place(directory.ResolverFile, NetworkFiles.Resolver, IsDirectory: false, IsReadOnly: false);
        foreach (var mount in spec.Mounts)
        {
            var isDirectory = mount.IsMemory || Directory.Exists(mount.Source);
            if (!isDirectory && !File.Exists(mount.Source))
            {
                throw new JailStartException(JailStartFailure.Jail, $"'{mount.Source}', to be mounted at '{mount.Destination}', does not exist");
            }

            yield return new Place(mount.Source, Path.GetFullPath(mount.Destination), isDirectory, mount.ReadOnly) { Mount = mount };
        }

        for (var i = 0; i < spec.Files.Length; i++)
        {
            yield return new Place(FileIn(directory, i), Path.GetFullPath(spec.Files[i].Destination), IsDirectory: false, IsReadOnly: true);
        }
    }

    private static void Ensure(MountPoints points, Place place)
    {
        if (place.IsDirectory)
        {
            points.EnsureDirectory(place.Destination);
        }
        else
        {
            points.EnsureFile(place.Destination);
        }
    }

    /// <summary>The place in the tree as it is now, with what is mounted already, without a link in it.</summary>
    private static string Find(string root, Place place)
    {
        using var tree = RootedDirectory.Open(root);
        using (var points = new MountPoints(tree))
        {
            // Beneath something mounted it is made now, and stays: it is in somebody's volume.
            Ensure(points, place);
        }

        return tree.RealPath(place.Destination).ToString();
    }

    private async Task WriteFilesAsync(JailSpec spec, JailDirectory directory, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory.Memory);
        var size = spec.Files.Sum(file => file.Content.Length + 4096L) + MemorySlack;
        var options = string.Create(CultureInfo.InvariantCulture, $"size={size},mode=700");
        await MountedAsync(CommandLine.Of(FreeBsdTools.Mount, "-t", "tmpfs", "-o", options, "tmpfs", directory.Memory), cancellationToken);
        using var memory = RootedDirectory.Open(directory.Memory);
        for (var i = 0; i < spec.Files.Length; i++)
        {
            using var file = memory.CreateFile(Path.GetFileName(FileIn(directory, i)), spec.Files[i].Permissions, spec.Files[i].Owner);
            RandomAccess.Write(file, spec.Files[i].Content.Span, fileOffset: 0);
        }
    }

    private static string FileIn(JailDirectory directory, int index) => Path.Join(directory.Memory, string.Create(CultureInfo.InvariantCulture, $"file-{index}"));

    private Task NullfsAsync(string source, string target, bool isReadOnly, CancellationToken cancellationToken) =>
        MountedAsync(isReadOnly ? CommandLine.Of(FreeBsdTools.MountNullfs, "-o", "ro", source, target) : CommandLine.Of(FreeBsdTools.MountNullfs, source, target), cancellationToken);

    private Task TmpfsAsync(JailMount mount, string target, CancellationToken cancellationToken)
    {
        var options = new List<string>();
        if (mount.SizeBytes is { } size)
        {
            options.Add(string.Create(CultureInfo.InvariantCulture, $"size={size}"));
        }

        options.Add($"mode={Convert.ToString(mount.Permissions ?? 0x3ff, toBase: 8)}");
        if (mount.ReadOnly)
        {
            options.Add("ro");
        }

        if (mount.RefusesExecution)
        {
            options.Add("noexec");
        }

        return MountedAsync(CommandLine.Of(FreeBsdTools.Mount, "-t", "tmpfs", "-o", string.Join(',', options), "tmpfs", target), cancellationToken);
    }

    private async Task MountedAsync(CommandLine command, CancellationToken cancellationToken)
    {
        var result = await processes.RunAsync(command, ProcessOutput.Captured, cancellationToken);
        if (!result.Exit.Success)
        {
            throw JailErrors.OfMount(command, result);
        }
    }

    private static bool IsBeneath(string path, string above)
    {
        var plain = Path.GetFullPath(path);
        return plain == above || plain.StartsWith(above.TrimEnd('/') + "/", StringComparison.Ordinal);
    }

    /// <param name="Source">What is mounted; nothing when it is memory.</param>
    /// <param name="Destination">Where, in the jail.</param>
    private sealed record Place(string Source, string Destination, bool IsDirectory, bool IsReadOnly)
    {
        public JailMount? Mount { get; init; }
    }
}
