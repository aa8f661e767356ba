using System.Runtime.Versioning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli;

/// <summary>What everything is put together on: the platform, and the door to its programs. Tests play another one than this.</summary>
/// <param name="IsFreeBsd">Whether its kernel is FreeBSD's.</param>
/// <param name="Processes">Makes what runs programs, given who is to be told of each.</param>
internal sealed record Machine(
    [property: SupportedOSPlatformGuard("freebsd")] bool IsFreeBsd,
    Func<Action<CommandLine, ExitStatus, TimeSpan>?, IProcessRunner> Processes)
{
    public static Machine This { get; } = new(HostPlatform.IsFreeBsd, ended => new ProcessRunner(ended));
}
