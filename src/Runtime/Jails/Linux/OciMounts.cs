using System.Text.Json;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>The mounts of a jail as an OCI bundle has them: the kernel's own, the network files, what was asked for, and files in memory last.</summary>
internal static class OciMounts
{
    private const uint TerminalGroup = 5;
    private const long UsualSharedMemory = 64 << 20;
    private const uint AnyExecute = 0x49;

    private static readonly string[] Noexec = ["noexec"];
    private static readonly string[] Idmap = ["idmap"];

    public static void Write(Utf8JsonWriter json, JailSpec spec, string files)
    {
        json.WriteStartArray("mounts");
        Write(json, "/proc", "proc", "proc", "nosuid", "noexec", "nodev");
        Write(json, "/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k");
        Write(json, "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", $"gid={TerminalGroup}");
        Write(json, "/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", $"size={spec.Limits.SharedMemoryBytes ?? UsualSharedMemory}");
        Write(json, "/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev");
        WriteSys(json, spec);
        if (spec.Limits.HasBounds)
        {
            // Programs that size themselves by their limits look here. Without limits it is not worth the time.
            Write(json, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro");
        }

        foreach (var file in NetworkFiles.All)
        {
            var source = file == NetworkFiles.Hosts && spec.Network is JailNetwork.Joined joined ? joined.HostsFile : Path.Join(files, Path.GetFileName(file));
            Write(json, file, "bind", source, ["bind", "rprivate", .. IdMap(spec)]);
        }

        foreach (var mount in spec.Mounts)
        {
            Write(json, mount, mount.MapsOwners ? IdMap(spec) : []);
        }

        for (var i = 0; i < spec.Files.Length; i++)
        {
            var execution = (spec.Files[i].Permissions & AnyExecute) == 0 ? "noexec" : "exec";
            Write(json, spec.Files[i].Destination, "bind", Bundle.FileIn(files, i), ["bind", "rprivate", "ro", "nosuid", "nodev", execution, .. IdMap(spec)]);
        }

        json.WriteEndArray();
    }

    /// <summary>Only who has made a network stack may mount the kernel's view of it: a jail with users of its own gets the host's, without what is mounted in it.</summary>
    private static void WriteSys(Utf8JsonWriter json, JailSpec spec)
    {
        var access = spec.IsPrivileged ? "rw" : "ro";
        if (spec.Users is null || spec.Network == JailNetwork.None)
        {
            Write(json, "/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", access);
        }
        else
        {
            Write(json, "/sys", "bind", "/sys", "bind", "rprivate", "nosuid", "noexec", "nodev", access);
        }
    }

    /// <summary>In a jail with users of its own, what is the host's superuser's is to be its superuser's.</summary>
    private static string[] IdMap(JailSpec spec) => spec.Users is null ? [] : Idmap;

    private static void Write(Utf8JsonWriter json, JailMount mount, string[] idMap)
    {
        var access = mount.ReadOnly ? "ro" : "rw";
        if (!mount.IsMemory)
        {
            Write(json, mount.Destination, "bind", mount.Source, ["rbind", "rprivate", access, .. idMap]);
        }
        else
        {
            // Numbers of tmpfs(5): the mode in octal, the size in bytes.
            var mode = $"mode={(mount.Permissions is { } bits ? Convert.ToString(bits, 8) : "1777")}";
            ReadOnlySpan<string> options = ["nosuid", "nodev", mode, .. mount.RefusesExecution ? Noexec : [], .. mount.SizeBytes is { } size ? [$"size={size}"] : Array.Empty<string>(), access];
            Write(json, mount.Destination, "tmpfs", "tmpfs", options);
        }
    }

    private static void Write(Utf8JsonWriter json, string destination, string type, string source, params ReadOnlySpan<string> options)
    {
        json.WriteStartObject();
        json.WriteString("destination", destination);
        json.WriteString("type", type);
        json.WriteString("source", source);
        json.WriteStartArray("options");
        foreach (var option in options)
        {
            json.WriteStringValue(option);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
