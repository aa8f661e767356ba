using System.CommandLine;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene run</c>: a container in the foreground. Its exit code is ours.</summary>
internal static class RunCommand
{
    private static readonly TimeSpan SignalTime = TimeSpan.FromSeconds(10);

    public static Command Create(string name, Verb verb)
    {
        var options = new ContainerOptions();
        var command = new Command(name);
        options.AddTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            options.Check(context);
            Composition.AnticipateJail();
            using var kleene = await context.OpenAsync(cancellationToken);
            var entry = options.Image(context, kleene.Images);
            var spec = options.Read(context, entry, kleene.Containers);
            var container = await kleene.Lifecycle.CreateAsync(entry, spec, options.Name(context), cancellationToken);
            if (!spec.Terminal)
            {
                PassSignals(context.Signals, kleene.Lifecycle, container, sharesGroup: options.IsInteractive(context));
            }

            var output = options.IsInteractive(context) || spec.Terminal ? ProcessOutput.Inherited : ProcessOutput.InheritedWithoutInput;
            var exit = await kleene.Lifecycle.RunAsync(container, output, cancellationToken);
            return exit.ShellCode;
        });
        return command;
    }

    /// <summary>
    /// What is sent to us is meant for the container. The terminal's Ctrl-C reaches a container that shares our process group by
    /// itself. Whoever insists for the third time gets the container killed.
    /// </summary>
    private static void PassSignals(InterruptSignals signals, ContainerLifecycle lifecycle, Container container, bool sharesGroup)
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
