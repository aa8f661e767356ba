using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// A program that runs a jail, until it is cancelled. Cancelling does not stop the program, which would leave its jail running: the jail is killed, and
/// the program ends because of that.
/// </summary>
internal static class KillableRun
{
    /// <summary>How often a program whose jail is to go is looked at.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>After so many looks a program whose jail is to go is killed itself.</summary>
    private const int KillAttempts = 40;

    /// <param name="kill">Kills what runs in the jail.</param>
    /// <param name="end">Removes what is left when the program has ended, and only then: a runtime that has its files taken away while it makes a jail hangs.</param>
    public static async Task<ProcessResult> RunAsync(
        IProcessRunner processes, CommandLine command, ProcessOutput output, Action kill, Func<Task> end, CancellationToken cancellationToken)
    {
        using var abandon = new CancellationTokenSource();
        var run = processes.RunAsync(command with { Grace = TimeSpan.Zero }, output, abandon.Token);
        try
        {
            return await run.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Phase one: kill what runs in the jail, again while there is nothing yet to kill. Phase two: give the program up.
            for (var attempt = 0; attempt < KillAttempts && !run.IsCompleted; attempt++)
            {
                kill();
                await Task.WhenAny(run, Task.Delay(LookInterval, CancellationToken.None));
            }

            await abandon.CancelAsync();
            await Task.WhenAny(run);
            kill();
            await end();
            throw;
        }
    }
}
