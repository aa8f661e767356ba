using System.CommandLine;
using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene start</c>: containers that were made or have ended.</summary>
internal static class StartCommand
{
    public static Command Create(string name, Verb verb)
    {
        var references = ContainerArgument.Several();
        var attach = new Option<bool>("--attach", "-a") { Description = "show what it prints and end with its exit code" };
        var interactive = new Option<bool>("--interactive", "-i") { Description = "give it our standard input, too" };
        var detach = new Option<bool>("--detach", "-d") { Description = "leave them running; so it is without --attach" };
        var keys = new DetachKeys();
        var command = new Command(name) { references, attach, interactive, detach };
        keys.AddTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            var words = context.Get(references);
            var attached = (context.Get(attach) || context.Get(interactive)) && !context.Get(detach);
            if (attached && words.Length > 1)
            {
                throw new UsageException("only one container at a time can be attached to");
            }

            var detachKeys = keys.Read(context);
            Composition.AnticipateJail();
            using var kleene = await context.OpenAsync(cancellationToken);
            foreach (var container in words.Select(kleene.Containers.Find).ToList())
            {
                using var started = await kleene.Lifecycle.StartAsync(container, attached, cancellationToken);
                if (started.Console is { } console)
                {
                    var request = new ConsoleRequest(context.Get(interactive), container.Spec.Terminal, detachKeys);
                    return await Foreground.FollowAsync(context, kleene, started.Container, console, request, passSignals: !container.Spec.Terminal, cancellationToken);
                }

                context.Terminal.Output.WriteLine(container.Id);
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
