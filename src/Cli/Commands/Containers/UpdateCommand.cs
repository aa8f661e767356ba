using System.CommandLine;
using System.CommandLine.Parsing;
using Kleene.Build.Runtime.Containers;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene update</c>: changes limits of containers at once, and what they run with their next start. What is not given stays.</summary>
internal static class UpdateCommand
{
    public static Command Create(string name, Verb verb)
    {
        var words = new Argument<string[]>("CONTAINER") { Description = "its name or the beginning of its id; a new command comes behind --", Arity = ArgumentArity.OneOrMore };
        var environment = new TextsOption("--env", "-e") { Description = "an environment entry; with the next start", HelpName = "NAME=value" };
        var user = new Option<string?>("--user", "-u") { Description = "who runs the command; with the next start", HelpName = "USER[:GROUP]" };
        var restart = new Option<string?>("--restart") { Description = "no, on-failure[:N], always, unless-stopped or on-startup", HelpName = "POLICY" };
        var persist = new Option<bool?>("--persist", "-P") { Description = "'prune' spares it", HelpName = "true|false", Arity = ArgumentArity.ZeroOrOne };
        var limits = new LimitOptions();
        var command = new Command(name) { words, environment, user, restart, persist };
        limits.AddChangeableTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            var (references, argv) = Split(context, context.Get(words));
            var entries = OptionValues.Environment(context.Get(environment) ?? []).ToList();
            using var kleene = await context.OpenAsync(cancellationToken);
            var updater = new ContainerUpdater(kleene.Containers, kleene.Jails);
            foreach (var container in references.Select(kleene.Containers.Find).ToList())
            {
                await updater.UpdateAsync(container, Change, cancellationToken);
                context.Terminal.Output.WriteLine(container.Id);
            }

            return ExitCodes.Done;

            ContainerSpec Change(ContainerSpec spec) => spec with
            {
                Argv = argv.Length > 0 ? [.. argv] : spec.Argv,
                Environment = entries.Count > 0 ? [.. OptionValues.Merge(spec.Environment, entries)] : spec.Environment,
                User = context.Get(user) ?? spec.User,
                Limits = limits.Change(spec.Limits, context),
                Restart = context.Get(restart) is { } policy ? LifeOptions.RestartOf(policy) : spec.Restart,
                IsPersistent = context.Get(persist) ?? spec.IsPersistent,
            };
        });
        return command;
    }

    /// <summary>What stands behind <c>--</c> is a command.</summary>
    private static (string[] References, string[] Argv) Split(Context context, string[] words)
    {
        var count = context.Arguments.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Skip(1).Count();
        return words.Length > count ? (words[..^count], words[^count..]) : throw new UsageException("say which container is to be changed");
    }
}
