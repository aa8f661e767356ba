using System.Text.Json;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>Whether a jail is running, and which process is its first.</summary>
internal sealed class RuntimeStatus(IProcessRunner processes, Lazy<JailTools> tools)
{
    /// <summary>How often a jail that is being started is looked for.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>After so many looks, a jail that does not come up is not running.</summary>
    private const int StartAttempts = 10;

    /// <summary>
    /// The number that the jail's first process has on the host; null when it does not run. A command may have printed already what somebody
    /// waited for while the runtime has yet to write its files: so a jail of which there is nothing but the bundle gets some time.
    /// </summary>
    public async Task<int?> ProcessIdAsync(Bundle bundle, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < StartAttempts && bundle.Exists; attempt++)
        {
            if ((Bundle.ReadProcessId(bundle.ProcessIdFile) ?? (await AskAsync(bundle, cancellationToken))?.Pid) is { } pid)
            {
                return pid;
            }

            await Task.Delay(LookInterval, cancellationToken);
        }

        return null;
    }

    /// <summary>
    /// Asks the runtime, which makes sure that the number has not gone to another process meanwhile; null when the jail does not run. One whose
    /// processes stand still is running all the same.
    /// </summary>
    public async Task<(int Pid, bool IsPaused)?> AskAsync(Bundle bundle, CancellationToken cancellationToken)
    {
        if (!bundle.Exists)
        {
            return null;
        }

        var result = await processes.RunAsync(tools.Value.Runtime.State(bundle.Id), ProcessOutput.Captured, cancellationToken);
        if (!result.Exit.Success)
        {
            // Both runtimes fail for a container they do not know, which is one that has not started or has ended.
            return null;
        }

        using var state = JsonDocument.Parse(result.Output);
        var status = state.RootElement.GetProperty("status");
        return status.ValueEquals("running") || status.ValueEquals("paused") ? (state.RootElement.GetProperty("pid").GetInt32(), status.ValueEquals("paused")) : null;
    }
}
