using System.CommandLine;
using System.Globalization;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene top</c>: the processes of a running container.</summary>
internal static class TopCommand
{
    private static readonly Listing<JailProcessStatus> Columns = new(
        new("pid", process => process.Id.ToString(CultureInfo.InvariantCulture), (json, process) => json.WriteNumberValue(process.Id)),
        new("user", process => process.User),
        new("time", process => process.Time.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture), (json, process) => json.WriteNumberValue(process.Time.TotalSeconds)),
        new("command", process => process.Command));

    public static Command Create(string name, Verb verb)
    {
        var reference = new Argument<string>("CONTAINER") { Description = "its name or the beginning of its id" };
        var (format, quiet) = ListOptions.Create();
        var command = new Command(name) { reference, format, quiet };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var container = kleene.Containers.Find(context.Get(reference));
            try
            {
                var processes = await kleene.Jails.ListProcessesAsync(container.Id.ToString(), cancellationToken);
                Columns.Print(context.Terminal.Output, processes, context.Get(format) ?? "table", context.Get(quiet));
                return ExitCodes.Done;
            }
            catch (JailNotRunningException)
            {
                throw new ContainerStateException($"container '{container.Name}' is not running");
            }
        });
        return command;
    }
}
