using System.Runtime.InteropServices;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>A container in front of us: its streams are ours, signals to us are its, and its exit code becomes ours.</summary>
internal static class Foreground
{
    private static readonly TimeSpan SignalTime = TimeSpan.FromSeconds(10);

    /// <summary>Follows a supervised container until it ends or the user leaves it.</summary>
    /// <returns>Its exit code; 0 when the user left.</returns>
    public static async Task<int> FollowAsync(Context context, Composition kleene, Container container, IJailConsole console, ConsoleRequest request, bool passSignals, CancellationToken cancellationToken)
    {
        if (passSignals)
        {
            PassSignals(context.Signals, kleene.Lifecycle, container, sharesGroup: false);
        }

        if (await console.RelayAsync(request, cancellationToken) == ConsoleEnd.Detached)
        {
            return ExitCodes.Done;
        }

        var end = await kleene.Lifecycle.WaitAsync(container, cancellationToken);
        if (end.OutOfMemory)
        {
            context.Terminal.WriteError(OutOfMemory(container));
        }

        return end.ExitCode ?? throw new KleeneException($"nobody saw how '{container.Name}' ended: what supervised it was killed");
    }

    /// <summary>Otherwise all that its user sees is that something was killed.</summary>
    private static string OutOfMemory(Container container) =>
        $"the kernel killed a process of '{container.Name}', because it was out of memory"
        + (container.Spec.Limits.MemoryBytes is { } bytes ? $": it may have {Sizes.Binary(bytes)}; give it more with --memory" : "");

    /// <summary>
    /// What is sent to us is meant for the container. The terminal's Ctrl-C reaches a container that shares our process group by
    /// itself. Whoever insists for the third time ends us.
    /// </summary>
    public static void PassSignals(InterruptSignals signals, ContainerLifecycle lifecycle, Container container, bool sharesGroup)
    {
        var received = 0;
        signals.TakeOver(signal =>
        {
            if (Interlocked.Increment(ref received) >= 3)
            {
                return false;
            }

            if (signal == PosixSignal.SIGINT && sharesGroup)
            {
                return true;
            }

            var number = signal switch { PosixSignal.SIGINT => Signals.Interrupt, PosixSignal.SIGHUP => 1, _ => Signals.Terminate };
            _ = SendAsync(lifecycle, container, number);
            return true;
        });
    }

    private static async Task SendAsync(ContainerLifecycle lifecycle, Container container, int signal)
    {
        using var deadline = new CancellationTokenSource(SignalTime);
        try
        {
            await lifecycle.SignalAsync(container, signal, deadline.Token);
        }
        catch (ContainerStateException)
        {
            // It has ended by itself in between: there is nobody left to tell.
        }
    }
}
