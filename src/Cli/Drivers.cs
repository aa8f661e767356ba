using Kleene.Build.Runtime.Checks;
using Kleene.Build.Runtime.Checks.FreeBsd;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.FreeBsd;
using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Networks.FreeBsd;
using Kleene.Build.Runtime.Networks.Linux;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli;

/// <summary>The drivers of one platform, which fit together. Part of <see cref="Composition"/>: chosen here and nowhere else.</summary>
internal sealed record Drivers(IJailDriver Jails, INetworkDriver Networks) : IDisposable
{
    /// <param name="root">The directory of all our state.</param>
    public static Drivers Of(Machine machine, IProcessRunner processes, string root) => machine.IsFreeBsd
        ? new(new FreeBsdJailDriver(processes, root), FreeBsdNetworkDriver.For(processes, root))
        : new(LinuxJailDriver.For(processes, root, Environment.GetEnvironmentVariable("KLEENE_RUNTIME")), LinuxNetworkDriver.For(processes, root));

    /// <summary>What a host has to have for them.</summary>
    public static IHostCheck HostCheckOf(Machine machine, IProcessRunner processes, string root) =>
        machine.IsFreeBsd ? new FreeBsdHostCheck(processes, root) : new LinuxHostCheck(Environment.GetEnvironmentVariable("KLEENE_RUNTIME"));

    public void Dispose()
    {
        (Networks as IDisposable)?.Dispose();
        (Jails as IDisposable)?.Dispose();
    }
}
