using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>What is found on the machine when the first jail is started, and serves all that follow.</summary>
internal sealed record JailTools(OciRuntime Runtime, HostFacts Host, OciConfig Config, ControlGroups Groups, HybridRemains? Remains = null, SealedProgram? Program = null) : IDisposable
{
    /// <exception cref="JailStartException">This machine, or this user, cannot make jails.</exception>
    public static JailTools Find(string? wish, string stateDirectory)
    {
        using var traced = Tracer.Begin("find the runtime");
        if (!Environment.IsPrivilegedProcess)
        {
            throw new JailStartException(JailStartFailure.Jail, "jails are made by root only; use sudo");
        }

        var path = OciRuntime.Locate(wish);
        var host = HostFacts.Read();
        var copy = SealedProgram.TryCopy(path);
        var runtime = new OciRuntime(path, copy?.Path ?? path, Path.Join(stateDirectory, "runtime"), host);
        return new JailTools(runtime, host, new OciConfig(host, runtime.Seccomp), new ControlGroups(host.Cgroups), runtime.HidesHybridTree ? HybridRemains.TryOpen() : null, copy);
    }

    public void Dispose()
    {
        Remains?.Dispose();
        Program?.Dispose();
    }
}
