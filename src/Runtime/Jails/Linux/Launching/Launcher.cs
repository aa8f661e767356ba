using System.Globalization;
using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Jails.Linux.Seccomp;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Jails.Linux.Launching;

/// <summary>
/// Runs commands in jails that nobody but us has to do with, by a small process of ours (<c>launch.c</c>) whose children become the commands. It keeps
/// no state, reads no file and executes nothing else, so a jail takes a fourth of an OCI runtime's time; it knows no terminals, no limits of control
/// groups and no users of a jail's own.
/// </summary>
internal sealed class Launcher : IDisposable
{
    private const string ProgramName = "launch";

    /// <summary>mount_setattr(2) came with it.</summary>
    private static readonly Version OldestKernel = new(5, 12);

    private readonly SealedProgram program;
    private readonly DeviceFilter devices;
    private readonly HostFacts host;
    private readonly ControlGroups groups;
    private readonly string tree;
    private readonly IProcessRunner processes;
    private readonly Lazy<LaunchServer> server;

    private Launcher(SealedProgram program, DeviceFilter devices, HostFacts host, ControlGroups groups, string tree, IProcessRunner processes)
    {
        this.program = program;
        this.devices = devices;
        this.host = host;
        this.groups = groups;
        this.tree = tree;
        this.processes = processes;
        server = new Lazy<LaunchServer>(() => LaunchServer.Start(ProgramName, program));
    }

    /// <summary>Null where the kernel, its administrator or the build of this program has not what it needs: then an OCI runtime does it all.</summary>
    public static unsafe Launcher? TryFind(HostFacts host, ControlGroups groups, IProcessRunner processes)
    {
        using var resource = typeof(Launcher).Assembly.GetManifestResourceStream(ProgramName) as UnmanagedMemoryStream;
        if (resource is null || ControlGroups.UnifiedTree(host.Cgroups) is not { } tree || !SeccompFilter.Supports(host.Architecture) || Environment.OSVersion.Version < OldestKernel)
        {
            return null;
        }

        var program = SealedProgram.TryCopy(ProgramName, new ReadOnlySpan<byte>(resource.PositionPointer, (int)resource.Length));
        var devices = program is null ? null : DeviceFilter.TryLoad();
        if (program is not null && devices is not null)
        {
            return new Launcher(program, devices, host, groups, tree, processes);
        }

        program?.Dispose();
        return null;
    }

    /// <summary>Whether it can make such a jail.</summary>
    public static bool Knows(JailSpec spec) =>
        spec is { IsClosed: true, IsPrivileged: false, Users: null, Measured: null, Process.Terminal: false, Parameters.IsEmpty: true, Limits: { HasBounds: false, OutOfMemoryScore: null } }
        && spec.Grants == JailGrants.None;

    /// <summary>Makes the jail's control group. False where there can be none: then nothing was done.</summary>
    public bool TryPrepare(string id)
    {
        var group = GroupOf(id);
        if (NativeMethods.mkdir(group, PermissionBits.Directory) != 0)
        {
            return false;
        }

        if (devices.TryAttach(group))
        {
            return true;
        }

        Directory.Delete(group);
        return false;
    }

    /// <summary>Runs a jail of which <see cref="TryPrepare"/> has said that it can be.</summary>
    /// <param name="jail">The jail and who its command runs as.</param>
    /// <param name="bundle">Its directory on the host.</param>
    /// <param name="root">Its tree.</param>
    /// <exception cref="JailStartException">It could not be made, or there is no such command in it.</exception>
    public async Task<ExitStatus> RunAsync(PreparedJail jail, Bundle bundle, RootedDirectory root, ProcessOutput output, CancellationToken cancellationToken)
    {
        try
        {
            var script = new LaunchScript();
            new JailScript(script, host).Write(jail.Spec, jail.User, bundle.Directory);
            using var file = NativeMethods.memfd_create(ProgramName, NativeMethods.MFD_CLOEXEC);
            using var group = NativeMethods.open(GroupOf(bundle.Id), NativeMethods.O_RDONLY | NativeMethods.O_CLOEXEC, 0);
            if (file.IsInvalid || group.IsInvalid)
            {
                throw Errno.LastException($"launch '{bundle.Id}'");
            }

            RandomAccess.Write(file, script.Bytes, fileOffset: 0);
            var command = CommandLine.Of(ProgramName, bundle.Id) with
            {
                Starter = new JailStarter(server.Value, JailScript.NamespacesOf(jail.Spec), file, group),
                Timeout = Timeout.InfiniteTimeSpan,
            };
            var (exit, _, _) = await KillableRun.RunAsync(processes, command, output, () => groups.Kill(bundle.Id), () => Task.CompletedTask, cancellationToken);
            return exit.Success || Complaint(file, script.Bytes.Length) is not { } complaint ? exit : throw complaint.ToException(bundle.Id, root, jail.Spec.Process);
        }
        finally
        {
            // Nobody is in it any more, as a rule.
            if (NativeMethods.rmdir(GroupOf(bundle.Id)) != 0)
            {
                await groups.RemoveAsync(bundle.Id);
            }
        }
    }

    public void Dispose()
    {
        if (server.IsValueCreated)
        {
            server.Value.Dispose();
        }

        devices.Dispose();
        program.Dispose();
    }

    private string GroupOf(string id) => Path.Join(tree, OciConfig.CgroupPath(id));

    /// <summary>What the launcher has written behind its script; null: nothing, and the command ran.</summary>
    private static LaunchComplaint? Complaint(SafeFileHandle script, int length)
    {
        var text = new byte[RandomAccess.GetLength(script) - length];
        var count = RandomAccess.Read(script, text, length);
        return Encoding.UTF8.GetString(text, 0, count).Split('\0', 3) is [var call, var error, var subject]
            ? new LaunchComplaint(call, int.Parse(error, CultureInfo.InvariantCulture), subject)
            : null;
    }
}
