using System.CommandLine;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene attach</c>: the streams of a running container, for several terminals at a time.</summary>
internal static class AttachCommand
{
    public static Command Create(string name, Verb verb)
    {
        var reference = ContainerArgument.One();
        var noInput = new Option<bool>("--no-stdin") { Description = "keep our standard input to ourselves" };
        var signals = new Option<bool>("--sig-proxy") { Description = "pass signals to us on to it", DefaultValueFactory = _ => true };
        var keys = new DetachKeys();
        var command = new Command(name) { reference, noInput, signals };
        keys.AddTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            var detachKeys = keys.Read(context);
            using var kleene = await context.OpenAsync(cancellationToken);
            var container = kleene.Containers.Find(context.Get(reference));
            using var console = kleene.Lifecycle.Attach(container);
            var request = new ConsoleRequest(container.Spec.KeepsInput && !context.Get(noInput), container.Spec.Terminal, detachKeys);
            return await Foreground.FollowAsync(context, kleene, container, console, request, context.Get(signals) && !container.Spec.Terminal, cancellationToken);
        });
        return command;
    }
}
