using System.CommandLine;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene exec</c>: one more command in a running container.</summary>
internal static class ExecCommand
{
    public static Command Create(string name, Verb verb)
    {
        var reference = new Argument<string>("CONTAINER") { Description = "its name or the beginning of its id" };
        var words = new Argument<string[]>("COMMAND") { Description = "what to run", Arity = ArgumentArity.OneOrMore };
        var interactive = new Option<bool>("--interactive", "-i") { Description = "give it our standard input" };
        var terminal = new Option<bool>("--tty", "-t") { Description = "give it a terminal" };
        var detach = new Option<bool>("--detach", "-d") { Description = "leave it running; what it prints is not kept" };
        var environment = new TextsOption("--env", "-e") { Description = "an environment entry", HelpName = "NAME=value" };
        var user = new Option<string?>("--user", "-u") { Description = "who runs the command", HelpName = "USER[:GROUP]" };
        var workdir = new Option<string?>("--workdir", "-w") { Description = "where the command starts", HelpName = "DIR" };

        var command = new Command(name) { reference, words, detach, interactive, terminal, environment, user, workdir };
        verb.Does(command, async (context, cancellationToken) =>
        {
            if (context.Get(terminal) && !context.Terminal.InputIsTerminal)
            {
                throw new UsageException("--tty needs a terminal on our side; leave it out in pipes and scripts");
            }

            if (context.Get(detach) && (context.Get(terminal) || context.Get(interactive)))
            {
                throw new UsageException("--detach goes without --tty and --interactive: nobody would be there to type");
            }

            using var kleene = await context.OpenAsync(cancellationToken);
            var container = kleene.Containers.Find(context.Get(reference));
            var process = new JailProcess
            {
                Argv = [.. context.Get(words)],
                Environment = [.. OptionValues.Merge(container.Spec.Environment, OptionValues.Environment(context.Get(environment) ?? []))],
                User = context.Get(user) ?? container.Spec.User,
                Groups = container.Spec.Grants.Groups,
                WorkingDirectory = context.Get(workdir) ?? container.Spec.WorkingDirectory,
                Terminal = context.Get(terminal),
            };
            if (context.Get(detach))
            {
                await kleene.Lifecycle.ExecDetachedAsync(container, process, cancellationToken);
                return ExitCodes.Done;
            }

            var output = context.Get(interactive) || process.Terminal ? ProcessOutput.Inherited : ProcessOutput.InheritedWithoutInput;
            return (await kleene.Lifecycle.ExecAsync(container, process, output, cancellationToken)).ShellCode;
        });
        return command;
    }
}
