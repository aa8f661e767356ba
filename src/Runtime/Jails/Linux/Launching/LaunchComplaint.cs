using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Jails.Linux.Launching;

/// <summary>Why the launcher gave up.</summary>
/// <param name="Call">The call of its script that failed.</param>
/// <param name="Error">What the kernel said: errno(3).</param>
/// <param name="Subject">What it was about: a path, or a system call.</param>
internal sealed record LaunchComplaint(string Call, int Error, string Subject)
{
    private const string Execute = "exec";

    public JailStartException ToException(string jailId, RootedDirectory tree, JailProcess process)
    {
        var reason = Marshal.GetPInvokeErrorMessage(Error);
        return Call != Execute
            ? new JailStartException(JailStartFailure.Jail, $"the jail '{jailId}' could not be made: {Call} '{Subject}': {reason}")
            : Error != Errno.ENOENT
                ? new JailStartException(JailStartFailure.NotExecutable, $"'{process.Argv[0]}' could not be started: {reason}")
                : process.Argv[0].Contains('/', StringComparison.Ordinal)
                    ? new JailStartException(JailStartFailure.NotFound, $"'{process.Argv[0]}' could not be started: {reason}")
                    : CommandLookup.NotFound(tree, process.Argv[0], JailEnvironment.ValueOf(process.Environment, "PATH") ?? JailEnvironment.DefaultPath);
    }
}
