using System.Collections.Immutable;
using System.Text.Json;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>One mount in a jail, in the words of mount(8).</summary>
/// <param name="Destination">Absolute path in the jail.</param>
/// <param name="Type">Of the file system; <c>bind</c> shows what is at <paramref name="Source"/>.</param>
internal sealed record OciMount(string Destination, string Type, string Source, ImmutableArray<string> Options);

/// <summary>The mounts of a jail as an OCI bundle has them: the kernel's own, the network files, what was asked for, and files in memory last.</summary>
internal static class OciMounts
{
    public const string Bind = "bind";

    private const uint TerminalGroup = 5;
    private const long UsualSharedMemory = 64 << 20;
    private const uint AnyExecute = 0x49;

    private static readonly string[] Noexec = ["noexec"];
    private static readonly string[] Idmap = ["idmap"];

    public static void Write(Utf8JsonWriter json, JailSpec spec, string files)
    {
        json.WriteStartArray("mounts");
        foreach (var mount in Of(spec, files))
        {
            json.WriteStartObject();
            json.WriteString("destination", mount.Destination);
            json.WriteString("type", mount.Type);
            json.WriteString("source", mount.Source);
            json.WriteStartArray("options");
            foreach (var option in mount.Options)
            {
                json.WriteStringValue(option);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>In the order in which they are made.</summary>
    /// <param name="files">The host's directory with the files that are mounted over those of <see cref="NetworkFiles"/>.</param>
    public static IEnumerable<OciMount> Of(JailSpec spec, string files)
    {
        yield return new("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]);
        yield return new("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]);
        yield return new("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", $"gid={TerminalGroup}"]);
        yield return new("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", $"size={spec.Limits.SharedMemoryBytes ?? UsualSharedMemory}"]);
        yield return new("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]);
        yield return Sys(spec);
        if (spec.Limits.HasBounds)
        {
            // Programs that size themselves by their limits look here. Without limits it is not worth the time.
            yield return new("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"]);
        }

        foreach (var file in NetworkFiles.All)
        {
            var source = file == NetworkFiles.Hosts && spec.Network is JailNetwork.Joined joined ? joined.HostsFile : Path.Join(files, Path.GetFileName(file));
            yield return new(file, Bind, source, ["bind", "rprivate", .. IdMap(spec)]);
        }

        foreach (var mount in spec.Mounts)
        {
            yield return mount.IsMemory ? Memory(mount) : new(mount.Destination, Bind, mount.Source, ["rbind", "rprivate", Access(mount), .. mount.MapsOwners ? IdMap(spec) : []]);
        }

        for (var i = 0; i < spec.Files.Length; i++)
        {
            var execution = (spec.Files[i].Permissions & AnyExecute) == 0 ? "noexec" : "exec";
            yield return new(spec.Files[i].Destination, Bind, Bundle.FileIn(files, i), ["bind", "rprivate", "ro", "nosuid", "nodev", execution, .. IdMap(spec)]);
        }
    }

    /// <summary>Only who has made a network stack may mount the kernel's view of it: a jail with users of its own gets the host's, without what is mounted in it.</summary>
    private static OciMount Sys(JailSpec spec)
    {
        var access = spec.IsPrivileged ? "rw" : "ro";
        return spec.Users is null || spec.Network == JailNetwork.None
            ? new("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", access])
            : new("/sys", Bind, "/sys", ["bind", "rprivate", "nosuid", "noexec", "nodev", access]);
    }

    /// <summary>In a jail with users of its own, what is the host's superuser's is to be its superuser's.</summary>
    private static string[] IdMap(JailSpec spec) => spec.Users is null ? [] : Idmap;

    /// <summary>Numbers of tmpfs(5): the mode in octal, the size in bytes.</summary>
    private static OciMount Memory(JailMount mount)
    {
        var mode = $"mode={(mount.Permissions is { } bits ? Convert.ToString(bits, 8) : "1777")}";
        return new(mount.Destination, "tmpfs", "tmpfs", ["nosuid", "nodev", mode, .. mount.RefusesExecution ? Noexec : [], .. mount.SizeBytes is { } size ? [$"size={size}"] : Array.Empty<string>(), Access(mount)]);
    }

    private static string Access(JailMount mount) => mount.ReadOnly ? "ro" : "rw";
}
