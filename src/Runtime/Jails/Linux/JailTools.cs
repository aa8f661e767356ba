using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>What is known of the machine when the first jail is started, and serves all that follow.</summary>
internal sealed record JailHost(HostFacts Facts, ControlGroups Groups)
{
    /// <exception cref="JailStartException">This user cannot make jails.</exception>
    public static JailHost Find()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new JailStartException(JailStartFailure.Jail, "jails are made by root only; use sudo");
        }

        var facts = HostFacts.Read();
        return new JailHost(facts, new ControlGroups(facts.Cgroups));
    }
}

/// <summary>What belongs to the runtime, found when the first jail needs it.</summary>
internal sealed record JailTools(OciRuntime Runtime, OciConfig Config, HybridRemains? Remains = null, SealedProgram? Program = null) : IDisposable
{
    /// <exception cref="JailStartException">This machine has none.</exception>
    public static JailTools Find(string? wish, HostFacts host, string stateDirectory)
    {
        using var traced = Tracer.Begin("find the runtime");
        var path = OciRuntime.Locate(wish);
        var copy = SealedProgram.TryCopy(path);
        var runtime = new OciRuntime(path, copy?.Path ?? path, Path.Join(stateDirectory, "runtime"), host);
        return new JailTools(runtime, new OciConfig(host, runtime.Seccomp), runtime.HidesHybridTree ? HybridRemains.TryOpen() : null, copy);
    }

    public void Dispose()
    {
        Remains?.Dispose();
        Program?.Dispose();
    }
}
