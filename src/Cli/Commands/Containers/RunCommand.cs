using System.CommandLine;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene run</c>: a new container, in the foreground with its exit code as ours, or left to itself.</summary>
internal static class RunCommand
{
    public static Command Create(string name, Verb verb)
    {
        var options = new ContainerOptions();
        var detach = new Option<bool>("--detach", "-d") { Description = "leave it running and print its id" };
        var keys = new DetachKeys();
        var command = new Command(name) { detach };
        options.AddTo(command);
        keys.AddTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            var detached = context.Get(detach);
            options.Check(context, detached);
            var detachKeys = keys.Read(context);
            Composition.AnticipateJail();
            using var kleene = await context.OpenAsync(cancellationToken);
            var container = await options.CreateAsync(context, kleene, detached, cancellationToken);
            if (!detached && IsOurChild(container.Spec, kleene.Jails))
            {
                return await RunAsync(context, kleene, container, cancellationToken);
            }

            using var started = await kleene.Lifecycle.StartAsync(container, attach: !detached, cancellationToken);
            if (started.Console is not { } console)
            {
                context.Terminal.Output.WriteLine(container.Id);
                return ExitCodes.Done;
            }

            var request = new ConsoleRequest(container.Spec.KeepsInput, container.Spec.Terminal, detachKeys);
            return await Foreground.FollowAsync(context, kleene, started.Container, console, request, passSignals: !container.Spec.Terminal, cancellationToken);
        });
        return command;
    }

    /// <summary>
    /// A container that goes with its command, and that nobody can come back to, needs no supervisor: the shortest way from nothing to gone. With users
    /// of its own it does: see <see cref="JailSpec.Users"/>.
    /// </summary>
    private static bool IsOurChild(ContainerSpec spec, IJailDriver jails) =>
        spec is { RemoveAtExit: true, Terminal: false, Users: null } && !ContainerWatch.IsNeeded(spec)
        && (spec.Limits.MemoryBytes is null || !jails.NeedsSupervisorForOutOfMemory);

    private static async Task<int> RunAsync(Context context, Composition kleene, Container container, CancellationToken cancellationToken)
    {
        Foreground.PassSignals(context.Signals, kleene.Lifecycle, container, sharesGroup: container.Spec.KeepsInput);
        var output = container.Spec.KeepsInput ? ProcessOutput.Inherited : ProcessOutput.InheritedWithoutInput;
        return (await kleene.Lifecycle.RunAsync(container, output, cancellationToken)).ShellCode;
    }
}
