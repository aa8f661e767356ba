using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks.FreeBsd;

/// <summary>
/// The jail that holds the network stack of a vnet container: it has no process and the host's root, so the host's own tools work in it. Containers and
/// steps of a build are jails inside it and have its stack.
/// </summary>
internal sealed class StackJail(IProcessRunner processes)
{
    /// <summary>
    /// What a jail inside may be allowed to do, it has to be allowed itself. <c>allow.mount.*</c> is missing: each of these exists only while the
    /// file system is loaded, and nothing is mounted by a container that was not given the right.
    /// </summary>
    private static readonly ImmutableArray<string> Grants =
    [
        "allow.set_hostname", "allow.raw_sockets", "allow.socket_af", "allow.reserved_ports", "allow.sysvipc", "allow.mlock", "allow.chflags", "allow.quotas",
        "allow.read_msgbuf", "allow.unprivileged_proc_debug", "allow.suser",
    ];

    /// <summary>Always with a letter: jail(8) takes digits alone for a number.</summary>
    public static string NameOf(SnapshotId stack) => $"ks{stack}";

    /// <summary>Makes it, with its loopback interface up.</summary>
    public async Task MakeAsync(SnapshotId stack)
    {
        var name = NameOf(stack);

        // A jail that is gone counts for its parent until its last connection has timed out: so there is room for many.
        await RunAsync(CommandLine.Of(FreeBsdTools.Jail, ["-c", $"name={name}", "path=/", "vnet", "persist", "children.max=999", "enforce_statfs=0", .. Grants]), "a network stack cannot be made", []);
        await new Ifconfig(processes, name).AddAddressAsync("lo0", IPAddress.Loopback, 8);
    }

    /// <summary>Gone already: succeeds. Interfaces that were in it come back to the host.</summary>
    public Task RemoveAsync(SnapshotId stack) =>
        RunAsync(CommandLine.Of(FreeBsdTools.Jail, "-r", NameOf(stack)), "a network stack cannot be removed", [NotFound(NameOf(stack))]);

    /// <summary>Leads out of a stack; one that leads out already stays.</summary>
    public Task RouteAsync(SnapshotId stack, IPAddress gateway)
    {
        var family = gateway.AddressFamily == AddressFamily.InterNetwork ? "-inet" : "-inet6";
        return RunAsync(CommandLine.Of(FreeBsdTools.JailExec, NameOf(stack), FreeBsdTools.Route, "add", family, "default", gateway.ToString()), $"there is no way out by {gateway}", ["route already in table"]);
    }

    /// <summary>Gives other addresses to a jail that has the host's stack. One that is not there will be made with them.</summary>
    public Task ReaddressAsync(SnapshotId container, IReadOnlyList<IPAddress> addresses)
    {
        string Of(AddressFamily family) => string.Join(',', addresses.Where(address => address.AddressFamily == family));
        var inet6 = Of(AddressFamily.InterNetworkV6);
        string[] words = ["-m", $"name={container}", $"ip4.addr={Of(AddressFamily.InterNetwork)}", .. inet6.Length > 0 ? [$"ip6.addr={inet6}"] : Array.Empty<string>()];
        return RunAsync(CommandLine.Of(FreeBsdTools.Jail, words), "the container cannot be given other addresses while it runs", [NotFound(container.ToString())]);
    }

    private static string NotFound(string name) => $"jail: \"{name}\" not found";

    private async Task RunAsync(CommandLine command, string failure, string[] accepted)
    {
        var result = await processes.RunAsync(command with { Timeout = FreeBsdTools.NetworkPatience }, ProcessOutput.Captured, CancellationToken.None);
        var said = result.Output + result.Error;
        if (!result.Exit.Success && !accepted.Any(wording => said.Contains(wording, StringComparison.Ordinal)))
        {
            throw new NetworkException($"{failure}: {result.Error.Trim().Split('\n')[^1]}; 'kleene system check' says what networks need, and --network host does without them");
        }
    }
}
