using System.Text;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;

namespace Kleene.Build.Runtime.Networks.FreeBsd;

/// <summary>
/// Our rules in pf(4): an anchor, which is replaced as a whole and which the user's own rules lead to. The kernel takes rules from one pfctl(8) at a time and
/// refuses the others, so ours wait for each other.
/// </summary>
/// <param name="processes">Runs pfctl.</param>
/// <param name="name">The anchor's; a store has its own.</param>
/// <param name="lockFile">Shared by all stores of the machine.</param>
internal sealed class PfAnchor(IProcessRunner processes, string name, string lockFile)
{
    /// <summary>How often somebody else's pfctl may come between.</summary>
    private const int Attempts = 6;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);

    private bool isLedTo;

    /// <summary>Makes it so. One transaction of the kernel: no packet ever meets half of it.</summary>
    /// <param name="rules">All of them; empty: none.</param>
    /// <exception cref="NetworkException">pf does not take them, does not work, or is not led to them.</exception>
    public async Task ApplyAsync(string rules, CancellationToken cancellationToken)
    {
        using var held = await FileLock.TakeAsync(lockFile, cancellationToken);
        await LoadAsync(rules, cancellationToken);
        if (rules.Length > 0 && !isLedTo)
        {
            await RequireWorkingAsync(cancellationToken);
            isLedTo = true;
        }
    }

    private async Task LoadAsync(string rules, CancellationToken cancellationToken)
    {
        var command = Command("-a", name, "-f", "-") with { Input = Encoding.UTF8.GetBytes(rules) };
        for (var (attempt, pause) = (1, FirstPause); ; (attempt, pause) = (attempt + 1, pause * 2))
        {
            var result = await processes.RunAsync(command, ProcessOutput.Captured, cancellationToken);
            if (result.Exit.Success)
            {
                return;
            }

            // FreeBSD 13.2: "pfctl: DIOCADDRULENV: Device busy". The rules are what they were.
            if (!result.Error.Contains("Device busy", StringComparison.Ordinal) || attempt == Attempts)
            {
                throw new NetworkException($"pf does not take the rules of the networks: {Said(result)}; 'kleene system check' says what pf lacks, and --network host does without them");
            }

            await Task.Delay(pause, cancellationToken);
        }
    }

    /// <summary>Rules that nobody looks at keep nobody apart.</summary>
    private async Task RequireWorkingAsync(CancellationToken cancellationToken)
    {
        if (!PfStatus.IsEnabled(await AskAsync(cancellationToken, "-si")))
        {
            throw new NetworkException("pf is not enabled, and nothing would keep networks apart; enable it with 'kleene system check --fix', or use the host's network with --network host");
        }

        var missing = PfStatus.MissingCalls(await AskAsync(cancellationToken, "-sn"), await AskAsync(cancellationToken, "-sr"));
        if (missing.Count > 0)
        {
            throw new NetworkException(
                $"pf is not led to the rules of the networks: its own lack {string.Join(", ", missing.Select(line => $"'{line}'"))}; add that with 'kleene system check --fix', or use the host's network with --network host");
        }
    }

    private async Task<string> AskAsync(CancellationToken cancellationToken, params string[] words)
    {
        var result = await processes.RunAsync(Command(words), ProcessOutput.Captured, cancellationToken);
        return result.Exit.Success ? result.Output : throw new NetworkException($"pf cannot be asked: {Said(result)}; 'kleene system check' says what it lacks");
    }

    private static CommandLine Command(params string[] words) => CommandLine.Of(FreeBsdTools.Pfctl, words) with { Timeout = FreeBsdTools.NetworkPatience };

    private static string Said(ProcessResult result) =>
        result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries) is [.., var last] lines ? (lines.Length > 1 ? lines[^2] + "; " : "") + last : result.Exit.ToString();
}
