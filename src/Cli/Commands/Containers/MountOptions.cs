using System.Collections.Immutable;
using System.CommandLine;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>What is mounted in a container: what is asked for, what other containers have, and what the image says must lie on a volume.</summary>
internal sealed class MountOptions
{
    private const string VolumesFrom = "--volumes-from";

    private readonly TextsOption volumes = new("--volume", "-v", "--mount", "-m") { Description = "a volume, or a directory or file of the host", HelpName = "[SRC:]DST[:ro]" };
    private readonly TextsOption memory = new("--tmpfs") { Description = "fresh memory", HelpName = "DST[:size=64m,mode=1777]" };
    private readonly TextsOption others = new(VolumesFrom) { Description = "all that is mounted in another container, but memory", HelpName = "CONTAINER[:ro]" };

    public void AddTo(Command command)
    {
        command.Options.Add(volumes);
        command.Options.Add(memory);
        command.Options.Add(others);
    }

    /// <summary>Whatever is refused before anything is opened.</summary>
    public void Check(Context context) => _ = Given(context);

    /// <summary>
    /// Volumes that nobody named get their names here, so that they are in the specification and a container that starts again finds the
    /// same. What is asked for wins over what another container has, that over what the step had that is entered, and that over VOLUME.
    /// </summary>
    public ContainerSpec Apply(ContainerSpec spec, ImageEntry entry, ContainerStore containers, Context context)
    {
        var mounts = Given(context);
        var places = mounts.Select(Place).ToHashSet(StringComparer.Ordinal);
        mounts.AddRange((context.Get(others) ?? []).SelectMany(other => Of(other, containers)).Where(mount => places.Add(Place(mount))));
        mounts.AddRange((entry.Entry?.Mounts ?? []).Select(OfStep).Where(mount => places.Add(Place(mount))));
        mounts.AddRange(entry.Config.Volumes.Keys.Where(MountOption.IsPlace).Select(MountOption.Anonymous).Where(mount => places.Add(Place(mount))));

        // What lies in another mount is mounted after it.
        return spec with { Mounts = [.. mounts.OrderBy(mount => Place(mount).Count(letter => letter == '/'))] };
    }

    private List<JailMount> Given(Context context)
    {
        List<JailMount> mounts =
        [
            .. (context.Get(volumes) ?? []).Select(volume => MountOption.Read(volume, "--volume")),
            .. (context.Get(memory) ?? []).Select(text => MemoryOption.Read(text, "--tmpfs")),
        ];
        return mounts.GroupBy(Place, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new MountFormatException($"two things are to be mounted at '{twice.Key}'; leave one of them out")
            : mounts;
    }

    private static IEnumerable<JailMount> Of(string text, ContainerStore containers)
    {
        var parts = text.Split(':');
        return parts is [{ Length: > 0 }] or [{ Length: > 0 }, "ro" or "rw"]
            ? containers.Find(parts[0]).Spec.Mounts.Where(mount => !mount.IsMemory).Select(mount => mount with { ReadOnly = mount.ReadOnly || parts[^1] == "ro" && parts.Length == 2 })
            : throw new MountFormatException($"{VolumesFrom} '{text}' is not a container; write CONTAINER or CONTAINER:ro");
    }

    private static JailMount OfStep(StepEntryMount mount) => mount.Volume.Length == 0
        ? JailMount.Memory(mount.Target, mount.SizeBytes) with { ReadOnly = mount.ReadOnly }
        : new JailMount("", mount.Target, mount.ReadOnly) { Volume = mount.Volume, StartsEmpty = true };

    private static string Place(JailMount mount) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(mount.Destination));
}
