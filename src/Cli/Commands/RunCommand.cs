using System.Collections.Immutable;
using System.CommandLine;
using System.Runtime.InteropServices;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene run</c>: a container in the foreground. Its exit code is ours.</summary>
internal static class RunCommand
{
    private static readonly TimeSpan SignalTime = TimeSpan.FromSeconds(10);

    public static Command Create(string name, Verb verb)
    {
        var image = new Argument<string>("IMAGE") { Description = "name[:tag][@snapshot] or the beginning of an id" };
        var words = new Argument<string[]>("COMMAND") { Description = "instead of the image's command", Arity = ArgumentArity.ZeroOrMore };
        var interactive = new Option<bool>("--interactive", "-i") { Description = "give it our standard input" };
        var terminal = new Option<bool>("--tty", "-t") { Description = "give it a terminal" };
        var remove = new Option<bool>("--rm") { Description = "remove the container when it ends" };
        var containerName = new Option<string?>("--name") { Description = "its name; one is invented otherwise" };
        var environment = new Option<string[]>("--env", "-e") { Description = "an environment entry", HelpName = "NAME=value" };
        var user = new Option<string?>("--user", "-u") { Description = "who runs the command", HelpName = "USER[:GROUP]" };
        var workdir = new Option<string?>("--workdir", "-w") { Description = "where the command starts", HelpName = "DIR" };
        var entrypoint = new Option<string?>("--entrypoint") { Description = "instead of the image's entry point" };
        var hostname = new Option<string?>("--hostname", "-h") { Description = "the name it sees itself by" };
        var volumes = new Option<string[]>("--volume", "-v", "--mount", "-m") { Description = "a volume, or a directory or file of the host", HelpName = "SRC:DST[:ro]" };
        var network = new Option<string?>("--network", "-n", "--driver", "-l") { Description = "host (default) or none", HelpName = "NETWORK" };
        var hosts = new Option<string[]>("--add-host") { Description = "a line of /etc/hosts", HelpName = "NAME:ADDRESS" };
        var readOnly = new Option<bool>("--read-only") { Description = "its root cannot be written" };
        var memory = new Option<string?>("--memory") { Description = "upper bound, such as 512m", HelpName = "BYTES" };
        var cpus = new Option<double?>("--cpus") { Description = "upper bound, such as 1.5", HelpName = "N" };
        var processes = new Option<long?>("--pids-limit") { Description = "upper bound of processes", HelpName = "N" };
        var stopSignal = new Option<string?>("--stop-signal") { Description = "what 'stop' sends first", HelpName = "SIGNAL" };

        var command = new Command(name)
        {
            image, words, interactive, terminal, remove, containerName, environment, user, workdir, entrypoint, hostname, volumes,
            network, hosts, readOnly, memory, cpus, processes, stopSignal,
        };
        verb.Does(command, async (context, cancellationToken) =>
        {
            if (context.Get(terminal) && !context.Terminal.InputIsTerminal)
            {
                throw new UsageException("--tty needs a terminal on our side; leave it out in pipes and scripts");
            }

            Composition.AnticipateJail();
            using var kleene = await context.OpenAsync(cancellationToken);
            var entry = kleene.Images.Find(context.Get(image));
            var spec = new ContainerSpec
            {
                Argv = Argv(entry.Config, context.Get(entrypoint), context.Get(words)),
                Environment = [.. OptionValues.Merge(entry.Config.Env, OptionValues.Environment(context.Get(environment) ?? []))],
                User = context.Get(user) ?? entry.Config.User,
                WorkingDirectory = context.Get(workdir) ?? (entry.Config.WorkingDir is "" ? "/" : entry.Config.WorkingDir),
                Hostname = context.Get(hostname) ?? "",
                Mounts = [.. (context.Get(volumes) ?? []).Select(volume => MountOption.Read(volume, "--volume"))],
                Network = OptionValues.Network(context.Get(network), JailNetwork.Host),
                ExtraHosts = [.. (context.Get(hosts) ?? []).Select(OptionValues.Host)],
                ReadOnlyRoot = context.Get(readOnly),
                Limits = OptionValues.Limits(context.Get(memory), context.Get(cpus), context.Get(processes)),
                StopSignal = OptionValues.Signal(context.Get(stopSignal), "--stop-signal") ?? entry.Config.StopSignal,
                Terminal = context.Get(terminal),
                RemoveAtExit = context.Get(remove),
            };
            var container = await kleene.Lifecycle.CreateAsync(entry, spec, context.Get(containerName), cancellationToken);
            if (!spec.Terminal)
            {
                PassSignals(context.Signals, kleene.Lifecycle, container, sharesGroup: context.Get(interactive));
            }

            var output = context.Get(interactive) || spec.Terminal ? ProcessOutput.Inherited : ProcessOutput.InheritedWithoutInput;
            var exit = await kleene.Lifecycle.RunAsync(container, output, cancellationToken);
            return exit.ShellCode;
        });
        return command;
    }

    /// <summary>ENTRYPOINT and CMD as the Dockerfile reference combines them; words of the user replace CMD, an entry point given here clears it.</summary>
    private static ImmutableArray<string> Argv(ImageConfig config, string? entrypoint, string[]? words)
    {
        ImmutableArray<string> first = entrypoint is null ? config.Entrypoint : entrypoint.Length == 0 ? [] : [entrypoint];
        ImmutableArray<string> rest = words is { Length: > 0 } ? [.. words] : entrypoint is null ? config.Cmd : [];
        return first.Length + rest.Length > 0
            ? [.. first, .. rest]
            : throw new KleeneException("the image has neither CMD nor ENTRYPOINT; say what to run behind its name");
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
