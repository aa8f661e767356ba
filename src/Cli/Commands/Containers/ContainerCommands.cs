using System.CommandLine;
using System.Globalization;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Containers;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene ps</c>, <c>stop</c>, <c>rm</c> and <c>inspect</c>; also under <c>kleene container</c>.</summary>
internal static class ContainerCommands
{
    private static readonly Listing<Container> Columns = new(
        new("id", container => container.Id.ToString()),
        new("name", container => container.Name),
        new("image", container => container.ImageId),
        new("command", container => Shorten(string.Join(' ', container.Spec.Argv))),
        new("state", StateText),
        new("exitCode", container => container.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "", (json, container) => json.WriteOptional(container.ExitCode), InTable: false),
        new("created", container => Times.Text(container.Created)),
        new("started", container => Times.Text(container.Started), InTable: false),
        new("finished", container => Times.Text(container.Finished), InTable: false));

    private static readonly Listing<Container> Details = new(
        new("id", container => container.Id.ToString()),
        new("name", container => container.Name),
        new("image", container => container.ImageId),
        new("snapshot", container => $"@{container.Snapshot}"),
        new("state", StateText),
        new("running", container => StateText(container), (json, container) => json.WriteBooleanValue(container.State == ContainerState.Running)),
        new("exitCode", _ => "", (json, container) => json.WriteOptional(container.ExitCode)),
        new("command", container => string.Join(' ', container.Spec.Argv), (json, container) => json.WriteStrings(container.Spec.Argv)),
        new("env", _ => "", (json, container) => json.WriteStrings(container.Spec.Environment)),
        new("user", container => container.Spec.User),
        new("workdir", container => container.Spec.WorkingDirectory),
        new("network", container => container.Spec.Network.Driver.ToString().ToLowerInvariant()),
        new("created", container => Times.Text(container.Created)),
        new("started", container => Times.Text(container.Started)),
        new("finished", container => Times.Text(container.Finished)));

    public static Command CreateGroup(string name, Verb verb)
    {
        var group = new Command(name);
        group.Subcommands.Add(Described(CreateList("ls", verb), "list containers"));
        group.Subcommands.Add(Described(CreateInspect("inspect", verb), "show all that is known of them"));
        group.Subcommands.Add(Described(CreateStop("stop", verb), "stop them"));
        group.Subcommands.Add(Described(CreateRemove("rm", verb), "remove them"));
        return group;
    }

    public static Command CreateList(string name, Verb verb)
    {
        var all = new Option<bool>("--all", "-a") { Description = "also those that have ended" };
        var (format, quiet) = ListOptions.Create();
        var command = new Command(name) { all, format, quiet };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var shown = kleene.Containers.List().Where(container => context.Get(all) || container.State == ContainerState.Running).ToList();
            Columns.Print(context.Terminal.Output, shown, context.Get(format) ?? "table", context.Get(quiet));
            return ExitCodes.Done;
        });
        return command;
    }

    public static Command CreateInspect(string name, Verb verb)
    {
        var references = References();
        var command = new Command(name) { references };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            Details.Print(context.Terminal.Output, [.. context.Get(references).Select(kleene.Containers.Find)], "json", quiet: false);
            return ExitCodes.Done;
        });
        return command;
    }

    public static Command CreateStop(string name, Verb verb)
    {
        var references = References();
        var time = new Option<double>("--time", "-t") { Description = "seconds until it is killed", HelpName = "SECONDS", DefaultValueFactory = _ => 10 };
        var command = new Command(name) { references, time };
        verb.Does(command, async (context, cancellationToken) =>
        {
            var grace = OptionValues.Seconds(context.Get(time), "--time");
            using var kleene = await context.OpenAsync(cancellationToken);
            foreach (var container in context.Get(references).Select(kleene.Containers.Find).ToList())
            {
                await kleene.Lifecycle.StopAsync(container, grace, cancellationToken);
                context.Terminal.Output.WriteLine(container.Id);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    public static Command CreateRemove(string name, Verb verb)
    {
        var references = References();
        var force = new Option<bool>("--force", "-f") { Description = "kill it first when it runs" };
        var command = new Command(name) { references, force };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            foreach (var container in context.Get(references).Select(kleene.Containers.Find).ToList())
            {
                await kleene.Lifecycle.RemoveAsync(container, context.Get(force), cancellationToken);
                context.Terminal.Output.WriteLine(container.Id);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Argument<string[]> References() =>
        new("CONTAINER") { Description = "its name or the beginning of its id", Arity = ArgumentArity.OneOrMore };

    private static Command Described(Command command, string description)
    {
        command.Description = description;
        return command;
    }

    private static string StateText(Container container) => container.State switch
    {
        ContainerState.Exited when container.ExitCode is { } code => $"exited ({code.ToString(CultureInfo.InvariantCulture)})",
        var state => state.ToString().ToLowerInvariant(),
    };

    private static string Shorten(string text) => text.Length <= 30 ? text : text[..29] + "…";
}
