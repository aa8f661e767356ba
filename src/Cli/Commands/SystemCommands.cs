using System.CommandLine;

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
            output.WriteLine($"images: {kleene.Images.List().Count}");
            output.WriteLine($"containers: {kleene.Containers.List().Count}");
            return ExitCodes.Done;
        });
        return new Command(name) { show };
    }
}
