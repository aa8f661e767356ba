using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using Kleene.Build.Runtime.Networks.FreeBsd;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage.Zfs;

namespace Kleene.Build.Runtime.Checks.FreeBsd;

/// <summary>
/// What a FreeBSD host has to have: modules, settings, device rules, pf and a dataset. With the right to repair it runs what a person would type, and says what that was;
/// what decides who gets into the machine, it leaves to the person.
/// </summary>
/// <param name="processes">Runs the system's programs.</param>
/// <param name="root">The directory of all our state.</param>
/// <param name="pfConf">The user's rules of pf.</param>
[SupportedOSPlatform("freebsd")]
public sealed class FreeBsdHostCheck(IProcessRunner processes, string root, string pfConf) : IHostCheck
{
    public FreeBsdHostCheck(IProcessRunner processes, string root)
        : this(processes, root, PfConf.Path)
    {
    }

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public async IAsyncEnumerable<Finding> RunAsync(bool repairs, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            yield return new Finding("only root can look at modules, devices and rules; run the command as root", IsRepaired: false);
            yield break;
        }

        foreach (var need in Needs())
        {
            if (await FindAsync(need, repairs, cancellationToken) is { } finding)
            {
                yield return finding;
            }
        }

        await foreach (var finding in new PfCheck(processes, pfConf).RunAsync(repairs, cancellationToken))
        {
            yield return finding;
        }

        if (await StorageAsync(cancellationToken) is { } storage)
        {
            yield return storage;
        }
    }

    private IEnumerable<HostNeed> Needs()
    {
        yield return Module("zfs", "there is nothing to keep trees in", Sysrc("zfs_enable=YES"));
        yield return Module("pf", "there are no networks but the host's", []);
        foreach (var (module, lack) in new[] { ("if_bridge", "there are no networks of the type bridge"), ("if_epair", "there are no vnet containers"), ("nullfs", "volumes cannot be mounted") })
        {
            yield return Module(module, lack, Sysrc($"kld_list+={module}"));
        }

        yield return Setting("kern.features.vimage", "the kernel has no network stacks for jails (VIMAGE), so there are no vnet containers", [], "build one with 'options VIMAGE', as GENERIC has it") with { IsOptional = true };
        yield return Setting(
            "kern.racct.enable", "the kernel does not count what jails use, so limits of memory, processors and processes are refused, and 'stats' is empty",
            [Sysrc("-f", "/boot/loader.conf", "kern.racct.enable=1")], "it holds from the next start of the machine on") with { IsOptional = true };
        yield return Setting("net.inet.ip.forwarding", "the host passes nothing on for vnet containers", [Run(FreeBsdTools.Sysctl, "net.inet.ip.forwarding=1"), Sysrc("gateway_enable=YES")]);
        yield return Setting(
            "net.inet6.ip6.forwarding", "the host passes nothing on over IPv6 for vnet containers", [],
            "set ipv6_gateway_enable=YES in rc.conf; where the host learns its own routers (SLAAC), net.inet6.ip6.rfc6204w3=1 before, or it loses them") with { IsOptional = true };
        yield return new HostNeed(
            "the rules of devices are not loaded, so a jail would see every device of the host", token => PrintsAsync("/sbin/devfs", token, "rule", "-s", "4", "show"), [Run("/usr/sbin/service", "devfs", "onestart")]);
    }

    private HostNeed Module(string name, string lack, params ImmutableArray<CommandLine> forLater) => new(
        $"the kernel module '{name}' is not loaded, so {lack}",
        token => SucceedsAsync("/sbin/kldstat", token, "-q", "-m", name),
        [Run("/sbin/kldload", "-n", name), .. forLater]);

    private HostNeed Setting(string name, string lack, ImmutableArray<CommandLine> remedy, string advice = "") =>
        new($"{name} is not 1: {lack}", async token => (await AskAsync(FreeBsdTools.Sysctl, token, "-n", name)) is { Exit.Success: true } said && said.Output.Trim() == "1", remedy, advice);

    private async Task<Finding?> FindAsync(HostNeed need, bool repairs, CancellationToken cancellationToken)
    {
        if (await need.IsMet(cancellationToken))
        {
            return null;
        }

        var advice = need.Advice.Length > 0 ? $"; {need.Advice}" : "";
        var remedy = string.Join("; ", need.Remedy);
        if (need.Remedy.IsEmpty || !repairs)
        {
            return new Finding($"{need.Lack}{(need.Remedy.IsEmpty ? "" : $"; '--fix' runs: {remedy}")}{advice}", IsRepaired: false) { IsOptional = need.IsOptional };
        }

        foreach (var command in need.Remedy)
        {
            var result = await processes.RunAsync(command, ProcessOutput.Captured, cancellationToken);
            if (!result.Exit.Success)
            {
                return new Finding($"{need.Lack}, and '{command}' failed: {result.Error.Trim()}{advice}", IsRepaired: false) { IsOptional = need.IsOptional };
            }
        }

        var isMet = await need.IsMet(cancellationToken);
        return new Finding($"{need.Lack}; ran: {remedy}{(isMet ? "" : advice)}", isMet) { IsOptional = need.IsOptional };
    }

    /// <summary>A pool is of the user's disks, and where trees are to be is his choice: neither is made for him.</summary>
    private async Task<Finding?> StorageAsync(CancellationToken cancellationToken)
    {
        if (ZfsSetup.IsConfigured(root) || await SucceedsAsync("/sbin/zfs", cancellationToken, "list", "-H", "-o", "name", root))
        {
            return null;
        }

        var pools = await AskAsync("/sbin/zpool", cancellationToken, "list", "-H", "-o", "name");
        return pools.Exit.Success && pools.Output.Split('\n')[0] is { Length: > 0 } pool
            ? new Finding($"nobody has said where trees are to be kept, and '{root}' does not lie on ZFS; 'kleene init {pool}/kleene' makes a place for them", IsRepaired: false)
            : new Finding("there is no ZFS pool to keep trees in; make one with 'zpool create POOL DISK', then 'kleene init POOL/kleene'", IsRepaired: false);
    }

    private static CommandLine Sysrc(params ReadOnlySpan<string> words) => Run(FreeBsdTools.Sysrc, words);

    private static CommandLine Run(string program, params ReadOnlySpan<string> words) => CommandLine.Of(program, words) with { Timeout = Patience };

    private Task<ProcessResult> AskAsync(string program, CancellationToken cancellationToken, params string[] words) =>
        processes.RunAsync(Run(program, words), ProcessOutput.Captured, cancellationToken);

    private async Task<bool> SucceedsAsync(string program, CancellationToken cancellationToken, params string[] words) => (await AskAsync(program, cancellationToken, words)).Exit.Success;

    private async Task<bool> PrintsAsync(string program, CancellationToken cancellationToken, params string[] words) =>
        await AskAsync(program, cancellationToken, words) is { Exit.Success: true } said && said.Output.Trim().Length > 0;
}
