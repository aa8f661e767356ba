using System.Text.Json;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>The mounts of a jail as an OCI bundle has them: the kernel's own, the network files, what was asked for, and files in memory last.</summary>
internal static class OciMounts
{
    private const uint TerminalGroup = 5;
    private const long UsualSharedMemory = 64 << 20;
    private const uint AnyExecute = 0x49;

    private static readonly string[] Noexec = ["noexec"];

    public static void Write(Utf8JsonWriter json, JailSpec spec, string files)
    {
        json.WriteStartArray("mounts");
        Write(json, "/proc", "proc", "proc", "nosuid", "noexec", "nodev");
        Write(json, "/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k");
        Write(json, "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", $"gid={TerminalGroup}");
        Write(json, "/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", $"size={spec.Limits.SharedMemoryBytes ?? UsualSharedMemory}");
        Write(json, "/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev");
        Write(json, "/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", spec.IsPrivileged ? "rw" : "ro");
        if (spec.Limits.HasBounds)
        {
            // Programs that size themselves by their limits look here. Without limits it is not worth the time.
            Write(json, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro");
        }

        foreach (var file in NetworkFiles.All)
        {
            var source = file == NetworkFiles.Hosts && spec.Network is JailNetwork.Joined joined ? joined.HostsFile : Path.Join(files, Path.GetFileName(file));
            Write(json, file, "bind", source, "bind", "rprivate");
        }

        foreach (var mount in spec.Mounts)
        {
            Write(json, mount);
        }

        for (var i = 0; i < spec.Files.Length; i++)
        {
            var execution = (spec.Files[i].Permissions & AnyExecute) == 0 ? "noexec" : "exec";
            Write(json, spec.Files[i].Destination, "bind", Bundle.FileIn(files, i), "bind", "rprivate", "ro", "nosuid", "nodev", execution);
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, JailMount mount)
    {
        var access = mount.ReadOnly ? "ro" : "rw";
        if (!mount.IsMemory)
        {
            Write(json, mount.Destination, "bind", mount.Source, "rbind", "rprivate", access);
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
