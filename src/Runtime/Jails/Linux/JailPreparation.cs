using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Tracing;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>A jail as it is to be made.</summary>
/// <param name="Spec">With all that was completed on this host.</param>
/// <param name="User">Who its first process runs as.</param>
internal sealed record PreparedJail(JailSpec Spec, JailUser User);

/// <summary>All that has to be there before a jail is made: the mount points in its tree and the files that are mounted from its bundle.</summary>
/// <param name="state">The directory of the driver.</param>
internal sealed class JailPreparation(JailHost host, string state)
{
    /// <exception cref="JailStartException">It is not there.</exception>
    public static RootedDirectory OpenTree(JailSpec spec) => RootedDirectory.TryOpen(spec.Root)
        ?? throw new JailStartException(JailStartFailure.Jail, $"the jail's root '{spec.Root}' is not a directory that can be read");

    /// <param name="tree">What the jail is to see as its root.</param>
    /// <param name="mountPoints">What has to be made in it.</param>
    /// <exception cref="JailStartException">There can be no such jail here, or no such command is in it.</exception>
    public PreparedJail Prepare(JailSpec spec, Bundle bundle, RootedDirectory tree, MountPoints mountPoints)
    {
        using var traced = Tracer.Begin("prepare");
        var hostname = OciConfig.HostnameOf(spec);
        var user = UserDatabase.Read(tree).Resolve(spec.Process);
        var process = spec.Process with { Environment = JailEnvironment.Complete(spec.Process, user, hostname) };
        CommandLookup.Check(tree, process, JailEnvironment.ValueOf(process.Environment, "PATH")!, JailMounts.Covering(spec));

        new LimitCheck(host.Facts, host.Groups).Check(spec.Limits, spec.Ulimits);
        CheckSettings(spec);

        if (!spec.Files.IsEmpty || !process.SecretEnvironment.IsEmpty)
        {
            bundle.RequireMemory();
            bundle.WriteFiles(spec.Files);
        }

        if (spec.Grants.HasInit)
        {
            spec = spec with { Mounts = [.. spec.Mounts, InitProgram.Mount()] };
            process = process with { Argv = InitProgram.Argv(process.Argv) };
        }

        using (ActingUser.Of(spec.Users))
        {
            JailMounts.EnsureMountPoints(spec, mountPoints);
        }

        if (!mountPoints.IsEmpty)
        {
            bundle.WriteMountPoints(spec.Root, mountPoints);
        }

        bundle.WriteNetworkFiles(NetworkFiles.HostsText(hostname, spec.ExtraHosts), spec.Resolver ?? NetworkFiles.ResolverText(spec.Network), hostname);
        if (spec.Users is { } users)
        {
            spec = spec with { Root = MappedRoot.Make(JailStateDirectory.PassableBeside(state), spec.Id, spec.Root, users) };
        }

        return new PreparedJail(spec with { Process = process }, user);
    }

    /// <exception cref="JailStartException">A setting would be the host's.</exception>
    private static void CheckSettings(JailSpec spec)
    {
        if (spec.Network == JailNetwork.Host && spec.Grants.Sysctls.FirstOrDefault(JailSysctl.IsOfNetwork) is { } setting)
        {
            throw new JailStartException(JailStartFailure.Jail, $"'{setting}' would change the host's network, which '{spec.Id}' shares; give it a network of its own, or leave the setting out");
        }
    }
}
