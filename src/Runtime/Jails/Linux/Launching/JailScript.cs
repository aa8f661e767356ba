using System.Collections.Immutable;
using System.Globalization;
using Kleene.Build.Runtime.Jails.Linux.Seccomp;

namespace Kleene.Build.Runtime.Jails.Linux.Launching;

/// <summary>
/// Writes a jail down as the system calls that make it: the same jail that <see cref="OciConfig"/> describes to a runtime. A pure function.
/// </summary>
/// <param name="script">What is written to.</param>
/// <param name="host">What of the host decides.</param>
internal sealed class JailScript(LaunchScript script, HostFacts host)
{
    // linux/sched.h. A namespace of control groups is always made.
    private const uint NewMounts = 0x00020000;
    private const uint NewHostname = 0x04000000;
    private const uint NewIpc = 0x08000000;
    private const uint NewProcesses = 0x20000000;
    private const uint NewNetwork = 0x40000000;

    private const int InstructionBytes = 8;

    /// <summary>The nodes that every program may expect, and what they are.</summary>
    private static readonly ImmutableArray<(string Name, uint Major, uint Minor)> Nodes =
        [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

    private static readonly ImmutableArray<(string Target, string Name)> Links =
        [("/proc/self/fd", "fd"), ("/proc/self/fd/0", "stdin"), ("/proc/self/fd/1", "stdout"), ("/proc/self/fd/2", "stderr"), ("/proc/kcore", "core"), ("pts/ptmx", "ptmx")];

    /// <summary>Options of mount(8) that are bits: of mount(2), and but for the last two of mount_setattr(2) as well. The others go to the file system.</summary>
    private static readonly ImmutableArray<(string Word, uint Bit)> Flags =
        [("ro", 1), ("nosuid", 2), ("nodev", 4), ("noexec", 8), ("relatime", 1 << 21), ("strictatime", 1 << 24)];

    private static readonly ImmutableArray<string> WithoutBits = ["rw", "exec", "bind", "rbind", "rprivate"];

    /// <summary>The namespaces that it is to have for itself: flags of clone(2).</summary>
    public static ulong NamespacesOf(JailSpec spec) => NewMounts | NewHostname | NewIpc | NewProcesses | (spec.Network == JailNetwork.None ? NewNetwork : 0);

    /// <param name="spec">The jail; its process's environment complete.</param>
    /// <param name="user">Who its process runs as.</param>
    /// <param name="files">The host's directory with the files that are mounted over those of <see cref="NetworkFiles"/>.</param>
    public void Write(JailSpec spec, JailUser user, string files)
    {
        var rights = ProcessRights.Of(spec, host.BoundingCapabilities);
        if (spec.Network is JailNetwork.Joined joined)
        {
            script.Add("network", joined.Stack);
        }
        else if (spec.Network == JailNetwork.None)
        {
            script.Add("loopback");
        }

        script.Add("hostname", OciConfig.HostnameOf(spec));
        script.Add("root", spec.Root);
        WriteMounts(spec, files);
        foreach (var path in OciConfig.MaskedPaths)
        {
            script.Add("mask", path);
        }

        foreach (var path in OciConfig.ReadOnlyPaths)
        {
            script.Add("protect", path);
        }

        if (spec.ReadOnlyRoot)
        {
            script.Add("seal");
        }

        script.Add("pivot");
        foreach (var limit in OciConfig.UlimitsOf(spec.Ulimits, host))
        {
            script.Add("limit", Text((ulong)LimitCheck.Resources.IndexOf(limit.Name)), Text(limit.Soft ?? ulong.MaxValue), Text(limit.Hard ?? ulong.MaxValue));
        }

        script.Add("directory", spec.Process.WorkingDirectory);
        script.Add("become", Text(user.UserId), Text(user.GroupId), Text(Bits(rights.Capabilities)));
        script.AddList([.. user.AdditionalGroups.Select(group => Text(group))]);
        WriteFilter(rights);
        WriteCommand(spec.Process);
    }

    private void WriteMounts(JailSpec spec, string files)
    {
        foreach (var mount in OciMounts.Of(spec, files))
        {
            var bits = Flags.Where(flag => mount.Options.Contains(flag.Word)).Aggregate(0u, (sum, flag) => sum | flag.Bit);
            if (mount.Type == OciMounts.Bind)
            {
                script.Add("bind", mount.Source, mount.Destination, Text(bits));
                continue;
            }

            var options = mount.Options.Where(option => !WithoutBits.Contains(option) && Flags.All(flag => flag.Word != option));
            script.Add("mount", mount.Type, mount.Destination, Text(bits), string.Join(',', options));
            if (mount.Destination == "/dev")
            {
                WriteDevices();
            }
        }
    }

    private void WriteDevices()
    {
        foreach (var (name, major, minor) in Nodes)
        {
            script.Add("node", name, Text(major), Text(minor));
        }

        foreach (var (target, name) in Links)
        {
            script.Add("link", target, name);
        }
    }

    private void WriteFilter(ProcessRights rights)
    {
        var program = SeccompFilter.For(host.Architecture, GrantedCalls.Of(rights.Capabilities)).Program;
        script.Add("filter", Text((ulong)program.Length / InstructionBytes));
        script.AddRaw(program);
    }

    private void WriteCommand(JailProcess process)
    {
        script.Add("exec", JailEnvironment.ValueOf(process.Environment, "PATH") ?? JailEnvironment.DefaultPath);
        script.AddList(process.Argv);
        script.AddList(process.Environment.AddRange(process.SecretEnvironment));
    }

    private static ulong Bits(ImmutableArray<string> capabilities) =>
        capabilities.Aggregate(0ul, (sum, name) => sum | 1ul << JailGrants.Capabilities.IndexOf(Capabilities.Bare(name)));

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
