using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using Kleene.Build.Runtime.Jails.Linux.Seccomp;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// Writes a jail down as the <c>config.json</c> of an OCI bundle (runtime-spec, config.md and config-linux.md). A pure function:
/// all it knows of the host is in <see cref="HostFacts"/>.
/// </summary>
internal sealed class OciConfig(HostFacts host, SeccompForm seccomp)
{
    private const string OciVersion = "1.0.2";
    private const uint TerminalGroup = 5;
    private const uint AnyExecute = 0x49;
    private const long CpuPeriodMicroseconds = 100_000;

    /// <summary>What a process expects of its files without having asked (select(2) knows no more), yet may raise to the host's limit.</summary>
    private const ulong SoftOpenFiles = 1024;

    private static readonly ImmutableArray<string> MaskedPaths =
    [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
        "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
    ];

    private static readonly ImmutableArray<string> ReadOnlyPaths =
        ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    /// <summary>null, zero, full, random, urandom, tty, console, ptmx and the pseudo-terminals: all others cannot be opened, whoever makes their nodes.</summary>
    private static readonly ImmutableArray<(int Major, int? Minor)> Devices =
        [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, null)];

    /// <param name="spec">The jail; its process's environment complete.</param>
    /// <param name="user">Who its first process runs as.</param>
    /// <param name="window">The size of its terminal, when it has one.</param>
    /// <param name="files">The host's directory with the files that are mounted over those of <see cref="NetworkFiles"/>.</param>
    public byte[] Write(JailSpec spec, JailUser user, NativeMethods.WindowSize? window, string files)
    {
        var buffer = new ArrayBufferWriter<byte>(16 * 1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("ociVersion", OciVersion);
            json.WritePropertyName("process");
            WriteProcess(json, spec.Process, user, window, spec.IsPrivileged, spec.Ulimits);
            json.WriteStartObject("root");
            json.WriteString("path", spec.Root);
            json.WriteBoolean("readonly", spec.ReadOnlyRoot);
            json.WriteEndObject();
            json.WriteString("hostname", HostnameOf(spec));
            WriteMounts(json, spec, files);
            WriteLinux(json, spec);
            if (seccomp == SeccompForm.Compiled && !spec.IsPrivileged)
            {
                json.WriteStartObject("annotations");
                json.WriteString("run.oci.seccomp_bpf_data", SeccompFilter.For(host.Architecture).Base64);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A process that joins a running jail.</summary>
    public byte[] Write(JailProcess process, JailUser user, NativeMethods.WindowSize? window)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            WriteProcess(json, process, user, window, isPrivileged: false, ulimits: []);
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static string HostnameOf(JailSpec spec) => spec.Hostname.Length > 0 ? spec.Hostname : spec.Id;

    /// <summary>The control group of a jail, beneath the host's root group: nothing of it is left in between when the jail is gone.</summary>
    public static string CgroupPath(string id) => $"/kleene-{id}";

    private void WriteProcess(Utf8JsonWriter json, JailProcess process, JailUser user, NativeMethods.WindowSize? window, bool isPrivileged, ImmutableArray<JailUlimit> ulimits)
    {
        json.WriteStartObject();
        json.WriteBoolean("terminal", process.Terminal);
        if (window is { } size)
        {
            json.WriteStartObject("consoleSize");
            json.WriteNumber("height", size.Rows);
            json.WriteNumber("width", size.Columns);
            json.WriteEndObject();
        }

        json.WriteStartObject("user");
        json.WriteNumber("uid", user.UserId);
        json.WriteNumber("gid", user.GroupId);
        if (user.AdditionalGroups.Length > 0)
        {
            json.WriteStartArray("additionalGids");
            foreach (var group in user.AdditionalGroups)
            {
                json.WriteNumberValue(group);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        WriteStrings(json, "args", process.Argv);
        WriteStrings(json, "env", process.Environment.AddRange(process.SecretEnvironment));
        json.WriteString("cwd", process.WorkingDirectory);

        // A user who is not root gets the sets only through a set-uid program, which noNewPrivileges forbids.
        var capabilities = isPrivileged ? Capabilities.All(host.BoundingCapabilities) : Capabilities.Within(host.BoundingCapabilities);
        json.WriteStartObject("capabilities");
        WriteStrings(json, "bounding", capabilities);
        if (user.UserId == 0)
        {
            WriteStrings(json, "effective", capabilities);
            WriteStrings(json, "permitted", capabilities);
        }

        json.WriteEndObject();
        WriteRlimits(json, ulimits);
        json.WriteBoolean("noNewPrivileges", !isPrivileged);
        json.WriteEndObject();
    }

    private void WriteRlimits(Utf8JsonWriter json, ImmutableArray<JailUlimit> ulimits)
    {
        json.WriteStartArray("rlimits");
        if (ulimits.All(limit => limit.Name != "nofile"))
        {
            WriteRlimit(json, "nofile", Math.Min(SoftOpenFiles, host.OpenFiles), host.OpenFiles);
        }

        foreach (var limit in ulimits)
        {
            // RLIM_INFINITY is all ones.
            WriteRlimit(json, limit.Name, limit.Soft ?? ulong.MaxValue, limit.Hard ?? ulong.MaxValue);
        }

        json.WriteEndArray();
    }

    private static void WriteRlimit(Utf8JsonWriter json, string name, ulong soft, ulong hard)
    {
        json.WriteStartObject();
        json.WriteString("type", $"RLIMIT_{name.ToUpperInvariant()}");
        json.WriteNumber("hard", hard);
        json.WriteNumber("soft", soft);
        json.WriteEndObject();
    }

    private static void WriteMounts(Utf8JsonWriter json, JailSpec spec, string files)
    {
        json.WriteStartArray("mounts");
        WriteMount(json, "/proc", "proc", "proc", "nosuid", "noexec", "nodev");
        WriteMount(json, "/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k");
        WriteMount(json, "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", $"gid={TerminalGroup}");
        WriteMount(json, "/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k");
        WriteMount(json, "/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev");
        WriteMount(json, "/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", spec.IsPrivileged ? "rw" : "ro");
        if (spec.Limits != JailLimits.None)
        {
            // Programs that size themselves by their limits look here. Without limits it is not worth the time.
            WriteMount(json, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro");
        }

        foreach (var file in NetworkFiles.All)
        {
            WriteMount(json, file, "bind", Path.Join(files, Path.GetFileName(file)), "bind", "rprivate");
        }

        foreach (var mount in spec.Mounts)
        {
            WriteMount(json, mount);
        }

        for (var i = 0; i < spec.Files.Length; i++)
        {
            var execution = (spec.Files[i].Permissions & AnyExecute) == 0 ? "noexec" : "exec";
            WriteMount(json, spec.Files[i].Destination, "bind", Bundle.FileIn(files, i), "bind", "rprivate", "ro", "nosuid", "nodev", execution);
        }

        json.WriteEndArray();
    }

    private static void WriteMount(Utf8JsonWriter json, JailMount mount)
    {
        var access = mount.ReadOnly ? "ro" : "rw";
        if (!mount.IsMemory)
        {
            WriteMount(json, mount.Destination, "bind", mount.Source, "rbind", "rprivate", access);
        }
        else if (mount.SizeBytes is { } size)
        {
            WriteMount(json, mount.Destination, "tmpfs", "tmpfs", "nosuid", "nodev", "mode=1777", $"size={size}", access);
        }
        else
        {
            WriteMount(json, mount.Destination, "tmpfs", "tmpfs", "nosuid", "nodev", "mode=1777", access);
        }
    }

    private void WriteLinux(Utf8JsonWriter json, JailSpec spec)
    {
        json.WriteStartObject("linux");
        json.WriteString("cgroupsPath", CgroupPath(spec.Id));
        json.WriteStartArray("namespaces");
        foreach (var kind in (ReadOnlySpan<string>)["pid", "mount", "uts", "ipc", "cgroup"])
        {
            WriteNamespace(json, kind);
        }

        if (spec.Network == JailNetwork.None)
        {
            WriteNamespace(json, "network");
        }

        json.WriteEndArray();
        WriteResources(json, spec.Limits, spec.IsPrivileged);
        WriteStrings(json, "maskedPaths", spec.IsPrivileged ? [] : MaskedPaths);
        WriteStrings(json, "readonlyPaths", spec.IsPrivileged ? [] : ReadOnlyPaths);
        if (seccomp == SeccompForm.Listed && !spec.IsPrivileged)
        {
            json.WritePropertyName("seccomp");
            SeccompProfile.WriteTo(json, host.Architecture);
        }

        json.WriteEndObject();
    }

    private void WriteResources(Utf8JsonWriter json, JailLimits limits, bool isPrivileged)
    {
        json.WriteStartObject("resources");
        WriteDevices(json, isPrivileged);
        if (limits.MemoryBytes is { } bytes)
        {
            json.WriteStartObject("memory");
            json.WriteNumber("limit", bytes);
            if (host.CountsSwap)
            {
                // Memory and swap together: the same number leaves no swap.
                json.WriteNumber("swap", bytes);
            }

            json.WriteEndObject();
        }

        if (limits.Cpus is { } cpus)
        {
            json.WriteStartObject("cpu");
            json.WriteNumber("quota", (long)Math.Round(cpus * CpuPeriodMicroseconds));
            json.WriteNumber("period", CpuPeriodMicroseconds);
            json.WriteEndObject();
        }

        if (limits.Processes is { } processes)
        {
            json.WriteStartObject("pids");
            json.WriteNumber("limit", processes);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteDevices(Utf8JsonWriter json, bool isPrivileged)
    {
        json.WriteStartArray("devices");
        if (isPrivileged)
        {
            WriteDevice(json, allow: true, "a", null, null, "rwm");
            json.WriteEndArray();
            return;
        }

        WriteDevice(json, allow: false, null, null, null, "rwm");

        // Making a node is harmless where it cannot be opened, and archives hold them.
        WriteDevice(json, allow: true, "c", null, null, "m");
        WriteDevice(json, allow: true, "b", null, null, "m");
        foreach (var (major, minor) in Devices)
        {
            WriteDevice(json, allow: true, "c", major, minor, "rwm");
        }

        json.WriteEndArray();
    }

    private static void WriteDevice(Utf8JsonWriter json, bool allow, string? type, int? major, int? minor, string access)
    {
        json.WriteStartObject();
        json.WriteBoolean("allow", allow);
        if (type is not null)
        {
            json.WriteString("type", type);
        }

        if (major is { } majorNumber)
        {
            json.WriteNumber("major", majorNumber);
        }

        if (minor is { } minorNumber)
        {
            json.WriteNumber("minor", minorNumber);
        }

        json.WriteString("access", access);
        json.WriteEndObject();
    }

    private static void WriteMount(Utf8JsonWriter json, string destination, string type, string source, params ReadOnlySpan<string> options)
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

    private static void WriteNamespace(Utf8JsonWriter json, string type)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
