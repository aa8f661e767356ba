using System.CommandLine;
using Kleene.Build.Runtime.Storage.Zfs;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene init</c>: says once where trees are kept, as <c>--storage zfs:POOL/DATASET</c> would say each time.</summary>
internal static class InitCommand
{
    public static Command Create(string name, Verb verb)
    {
        var dataset = new Argument<string>("POOL/DATASET") { Description = "made with those above it, if it is not there" };
        var init = new Command(name) { dataset };
        verb.Does(init, async (context, cancellationToken) =>
        {
            var wanted = DatasetName.Parse(context.Get(dataset));
            if (wanted.IsSnapshot)
            {
                throw new UsageException($"invalid dataset '{wanted}': a snapshot cannot hold trees");
            }

            var choice = await context.InitializeAsync(wanted, cancellationToken);
            context.Terminal.Output.WriteLine(choice.Reason);
            return ExitCodes.Done;
        });
        return init;
    }
}
