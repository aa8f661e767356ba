using System.CommandLine;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Checks;
using Kleene.Build.Runtime.State;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene system</c>: about the installation itself.</summary>
internal static class SystemCommands
{
    public static Command Create(string name, Verb verb)
    {
        var show = new Command("info", "where things are kept and which drivers were chosen, and why");
        verb.Does(show, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var output = context.Terminal.Output;
            output.WriteLine($"version: {CommandLineApplication.Version}");
            output.WriteLine($"root: {kleene.State.Root}");
            output.WriteLine($"storage: {kleene.Storage.Store.Driver}");
            output.WriteLine($"storage reason: {kleene.Storage.Reason}");
            SettingCommand.Write(output, new StoreSettings(kleene.Database));
            output.WriteLine($"images: {kleene.Images.List().Count}");
            output.WriteLine($"containers: {kleene.Containers.List().Count}");
            return ExitCodes.Done;
        });
        return new Command(name) { show, SpaceCommands.CreateUsage(verb), SpaceCommands.CreatePrune(verb), SettingCommand.Create(verb), CreateCheck(verb), CreateStart(verb), CreateStop(verb) };
    }

    private static Command CreateCheck(Verb verb)
    {
        var fix = new Option<bool>("--fix") { Description = "also change the host: load modules, set what is unset, lead pf to the rules of networks; what was done is told" };
        var check = new Command("check", "say what the host lacks; compare the store with the disk and repair what a crash left") { fix };
        verb.Does(check, async (context, cancellationToken) =>
        {
            var (repaired, open) = (0, 0);
            await foreach (var finding in context.HostCheck().RunAsync(context.Get(fix), cancellationToken))
            {
                Tell(finding);
            }

            // It may be what the host lacks that keeps it from being opened: that has been told by then.
            using var kleene = await context.OpenAsync(cancellationToken);
            await foreach (var finding in kleene.Check.RunAsync(cancellationToken))
            {
                Tell(finding);
            }

            context.Terminal.Output.WriteLine(repaired + open == 0 ? "all is well" : $"{repaired} repaired, {open} not");
            return open == 0 ? ExitCodes.Done : ExitCodes.Failed;

            void Tell(Finding finding)
            {
                var (word, isRepaired, isOpen) = finding switch
                {
                    { IsRepaired: true } => ("repaired", 1, 0),
                    { IsOptional: true } => ("note", 0, 0),
                    _ => ("problem", 0, 1),
                };
                (repaired, open) = (repaired + isRepaired, open + isOpen);
                context.Terminal.Output.WriteLine($"{word}: {finding.Text}");
            }
        });
        return check;
    }

    /// <summary>For the system's own start; see <c>scripts/service</c>.</summary>
    private static Command CreateStart(Verb verb)
    {
        var start = new Command("start", "start the containers that are to run when the machine is up");
        verb.Does(start, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var code = ExitCodes.Done;
            foreach (var container in kleene.Lifecycle.DueWithMachine())
            {
                try
                {
                    (await kleene.Lifecycle.StartAsync(container, attach: false, cancellationToken)).Dispose();
                    context.Terminal.Output.WriteLine(container.Id);
                }
                catch (KleeneException exception)
                {
                    // One that cannot be started keeps no other from running.
                    context.Terminal.WriteError($"{container.Name}: {exception.Message}");
                    code = ExitCodes.Failed;
                }
            }

            return code;
        });
        return start;
    }

    private static Command CreateStop(Verb verb)
    {
        var stop = new Command("stop", "stop all containers because the machine goes down; 'start' brings back those that are to run with it");
        verb.Does(stop, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            await Task.WhenAll(kleene.Containers.ListActive().Select(container => kleene.Lifecycle.StopWithMachineAsync(container, cancellationToken)));
            return ExitCodes.Done;
        });
        return stop;
    }
}
