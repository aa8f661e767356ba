using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using Kleene.Build.Runtime.Jails.Linux.Seccomp;
using Kleene.Build.Runtime.Terminals;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// Writes a jail down as the <c>config.json</c> of an OCI bundle (runtime-spec, config.md and config-linux.md). A pure function:
/// all it knows of the host is in <see cref="HostFacts"/>.
/// </summary>
internal sealed class OciConfig(HostFacts host, SeccompForm seccomp)
{
    /// <summary>An annotation of our own: what other users than the superuser are granted, for processes that join.</summary>
    public const string UserCapabilities = "org.kleene.user-capabilities";

    private const string OciVersion = "1.0.2";

    /// <summary>What a process expects of its files without having asked (select(2) knows no more), yet may raise to the host's limit.</summary>
    private const ulong SoftOpenFiles = 1024;

    /// <summary>What tells of the host, or lets it be changed, and is not there for an unprivileged jail.</summary>
    public static readonly ImmutableArray<string> MaskedPaths =
    [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
        "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
    ];

    public static readonly ImmutableArray<string> ReadOnlyPaths =
        ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    /// <param name="spec">The jail; its process's environment complete.</param>
    /// <param name="user">Who its first process runs as.</param>
    /// <param name="window">The size of its terminal, when it has one.</param>
    /// <param name="files">The host's directory with the files that are mounted over those of <see cref="NetworkFiles"/>.</param>
    public byte[] Write(JailSpec spec, JailUser user, WindowSize? window, string files)
    {
        var rights = ProcessRights.Of(spec, host.BoundingCapabilities);
        var buffer = new ArrayBufferWriter<byte>(16 * 1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("ociVersion", OciVersion);
            json.WritePropertyName("process");
            WriteProcess(json, spec.Process, user, window, rights, spec.Ulimits, spec.Limits.OutOfMemoryScore);
            json.WriteStartObject("root");
            json.WriteString("path", spec.Root);
            json.WriteBoolean("readonly", spec.ReadOnlyRoot);
            json.WriteEndObject();
            json.WriteString("hostname", HostnameOf(spec));
            OciMounts.Write(json, spec, files);
            WriteLinux(json, spec, rights);
            WriteAnnotations(json, spec, rights);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A process that joins a running jail.</summary>
    /// <param name="rights">Those of the jail.</param>
    public byte[] Write(JailProcess process, JailUser user, WindowSize? window, ProcessRights rights)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            WriteProcess(json, process, user, window, rights, ulimits: [], outOfMemoryScore: null);
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static string HostnameOf(JailSpec spec) => spec.Hostname.Length > 0 ? spec.Hostname : spec.Id;

    /// <summary>The control group of a jail, beneath the host's root group: nothing of it is left in between when the jail is gone.</summary>
    public static string CgroupPath(string id) => $"/kleene-{id}";

    /// <summary>That of a jail which is measured: runtimes remove the group of a jail that has ended, and what it used is read from the one above.</summary>
    public static string MeasuredCgroupPath(string id) => $"{CgroupPath(id)}/jail";

    /// <summary>The bounds that were asked for, and the usual one of open files where nothing is said of them.</summary>
    public static IEnumerable<JailUlimit> UlimitsOf(ImmutableArray<JailUlimit> asked, HostFacts host) =>
        asked.Any(limit => limit.Name == "nofile") ? asked : [new("nofile", Math.Min(SoftOpenFiles, host.OpenFiles), host.OpenFiles), .. asked];

    private void WriteProcess(
        Utf8JsonWriter json, JailProcess process, JailUser user, WindowSize? window, ProcessRights rights, ImmutableArray<JailUlimit> ulimits, int? outOfMemoryScore)
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

        WriteCapabilities(json, rights, user.UserId == 0);
        WriteRlimits(json, ulimits);
        if (outOfMemoryScore is { } score)
        {
            json.WriteNumber("oomScoreAdj", score);
        }

        json.WriteBoolean("noNewPrivileges", rights.NoNewPrivileges);
        json.WriteEndObject();
    }

    private static void WriteCapabilities(Utf8JsonWriter json, ProcessRights rights, bool isSuperuser)
    {
        json.WriteStartObject("capabilities");
        WriteStrings(json, "bounding", rights.Capabilities);
        if (isSuperuser)
        {
            WriteStrings(json, "effective", rights.Capabilities);
            WriteStrings(json, "permitted", rights.Capabilities);
        }
        else if (!rights.UserCapabilities.IsEmpty)
        {
            // Only the ambient set outlives execve(2) for a user who is not root; it has to be in the others too.
            foreach (var set in (ReadOnlySpan<string>)["effective", "permitted", "inheritable", "ambient"])
            {
                WriteStrings(json, set, rights.UserCapabilities);
            }
        }

        json.WriteEndObject();
    }

    private void WriteRlimits(Utf8JsonWriter json, ImmutableArray<JailUlimit> ulimits)
    {
        json.WriteStartArray("rlimits");
        foreach (var limit in UlimitsOf(ulimits, host))
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

    private void WriteLinux(Utf8JsonWriter json, JailSpec spec, ProcessRights rights)
    {
        json.WriteStartObject("linux");
        json.WriteString("cgroupsPath", spec.Measured is null ? CgroupPath(spec.Id) : MeasuredCgroupPath(spec.Id));
        json.WriteStartArray("namespaces");
        foreach (var kind in (ReadOnlySpan<string>)["pid", "mount", "uts", "ipc", "cgroup"])
        {
            WriteNamespace(json, kind);
        }

        if (spec.Network != JailNetwork.Host)
        {
            WriteNamespace(json, "network", (spec.Network as JailNetwork.Joined)?.Stack);
        }

        if (spec.Users is not null)
        {
            WriteNamespace(json, "user");
        }

        json.WriteEndArray();
        if (spec.Users is { } users)
        {
            WriteMapping(json, "uidMappings", users);
            WriteMapping(json, "gidMappings", users);
        }

        OciResources.Write(json, spec, host.CountsSwap);
        WriteStrings(json, "maskedPaths", spec.IsPrivileged ? [] : MaskedPaths);
        WriteStrings(json, "readonlyPaths", spec.IsPrivileged ? [] : ReadOnlyPaths);
        WriteDevices(json, spec.Grants.Devices);
        if (!spec.Grants.Sysctls.IsEmpty)
        {
            json.WriteStartObject("sysctl");
            foreach (var (name, value) in spec.Grants.Sysctls.Select(JailSysctl.Parse))
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        if (FilterOf(spec) == Filter.Profile)
        {
            json.WritePropertyName("seccomp");
            DockerProfile.Parse(spec.Grants.SystemCallProfile).WriteTo(json, host.Architecture, rights.Capabilities);
        }
        else if (FilterOf(spec) == Filter.Usual && seccomp == SeccompForm.Listed)
        {
            json.WritePropertyName("seccomp");
            SeccompProfile.WriteTo(json, host.Architecture, GrantedCalls.Of(rights.Capabilities));
        }

        json.WriteEndObject();
    }

    private void WriteAnnotations(Utf8JsonWriter json, JailSpec spec, ProcessRights rights)
    {
        var isCompiled = FilterOf(spec) == Filter.Usual && seccomp == SeccompForm.Compiled;
        if (!isCompiled && rights.UserCapabilities.IsEmpty)
        {
            return;
        }

        json.WriteStartObject("annotations");
        if (isCompiled)
        {
            json.WriteString("run.oci.seccomp_bpf_data", SeccompFilter.For(host.Architecture, GrantedCalls.Of(rights.Capabilities)).Base64);
        }

        if (!rights.UserCapabilities.IsEmpty)
        {
            json.WriteString(UserCapabilities, string.Join(' ', rights.UserCapabilities));
        }

        json.WriteEndObject();
    }

    private static Filter FilterOf(JailSpec spec) =>
        spec.Grants.SystemCallProfile.Length > 0 ? Filter.Profile
        : spec.IsPrivileged || spec.Grants.AllowsAllSystemCalls ? Filter.None
        : Filter.Usual;

    private static void WriteDevices(Utf8JsonWriter json, ImmutableArray<JailDevice> devices)
    {
        if (devices.IsEmpty)
        {
            return;
        }

        json.WriteStartArray("devices");
        foreach (var device in devices)
        {
            var node = DeviceNode.Find(device.Source);
            json.WriteStartObject();
            json.WriteString("path", device.Destination);
            json.WriteString("type", node.Type);
            json.WriteNumber("major", node.Major);
            json.WriteNumber("minor", node.Minor);
            json.WriteNumber("fileMode", node.Status.Permissions);
            json.WriteNumber("uid", node.Status.Owner.User);
            json.WriteNumber("gid", node.Status.Owner.Group);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <param name="path">Of one that is there; null: a new one.</param>
    private static void WriteNamespace(Utf8JsonWriter json, string type, string? path = null)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        if (path is not null)
        {
            json.WriteString("path", path);
        }

        json.WriteEndObject();
    }

    private static void WriteMapping(Utf8JsonWriter json, string name, UserRange users)
    {
        json.WriteStartArray(name);
        json.WriteStartObject();
        json.WriteNumber("containerID", 0);
        json.WriteNumber("hostID", users.First);
        json.WriteNumber("size", users.Count);
        json.WriteEndObject();
        json.WriteEndArray();
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

    /// <summary>Which system calls are filtered.</summary>
    private enum Filter
    {
        None,
        Usual,
        Profile,
    }
}
