using System.Collections.Immutable;
using System.CommandLine;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene bisect</c>: the first step of an image after which a command fails, found by halving, each time in a clone that goes at once.</summary>
internal static class BisectCommand
{
    public static Command Create(string name, Verb verb)
    {
        var reference = new Argument<string>("IMAGE") { Description = "name[:tag] or the beginning of an id" };
        var words = new Argument<string[]>("COMMAND") { Description = "what works before that step and fails behind it", Arity = ArgumentArity.OneOrMore };
        var verbose = new Option<bool>("--verbose") { Description = "show what the command prints" };
        var command = new Command(name) { reference, words, verbose };
        verb.Does(command, async (context, cancellationToken) =>
        {
            ImmutableArray<string> argv = context.Get(words) is ["--", .. var behind] ? [.. behind] : [.. context.Get(words)];
            if (argv.IsEmpty)
            {
                throw new UsageException("say which command works before the step and fails behind it: kleene bisect IMAGE -- COMMAND");
            }

            Composition.AnticipateJail();
            using var kleene = await context.OpenAsync(cancellationToken);
            var image = kleene.Images.WithSteps(kleene.Images.Find(context.Get(reference)).Image);
            var places = Places(kleene, image);
            var found = await Bisection.FindAsync(places.Count, index => WorksAsync(context, kleene, image, places[index], argv, context.Get(verbose), cancellationToken));
            context.Terminal.Output.WriteLine(found switch
            {
                (null, _) => $"it works at the end of {image.DisplayName}",
                ({ } failing, null) => $"it fails everywhere, from the beginning on: {places[failing].Text(image)}",
                ({ } failing, _) => $"it fails from here on: {places[failing].Text(image)}",
            });
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>The tree before the first step, where there is one, and those behind each step that changed something.</summary>
    private static List<Place> Places(Composition kleene, Image image)
    {
        var places = new List<Place>();
        foreach (var (step, i) in image.Steps.Select((step, i) => (step, i)))
        {
            if (step.Snapshot is { } snapshot && (places.Count == 0 || places[^1].Snapshot != snapshot))
            {
                if (places.Count == 0 && kleene.Snapshots.ParentOf(snapshot) is { } start)
                {
                    places.Add(new Place(0, start, step.Config, null));
                }

                places.Add(new Place(i + 1, snapshot, step.Config, step));
            }
        }

        return places.Count > 0 ? places : [new Place(0, image.Snapshot, image.Config, null)];
    }

    private static async Task<bool> WorksAsync(
        Context context, Composition kleene, Image image, Place place, ImmutableArray<string> argv, bool isVerbose, CancellationToken cancellationToken)
    {
        var spec = new ContainerSpec
        {
            Argv = argv,
            Environment = [.. OptionValues.Merge(place.Config.Env, place.Step?.Entry?.Environment ?? [])],
            User = place.Config.User,
            WorkingDirectory = place.Config.WorkingDir is "" ? "/" : place.Config.WorkingDir,
            Network = NetworkRequest.Default,
            RemoveAtExit = true,
        };
        var container = await kleene.Lifecycle.CreateAsync(new ImageEntry(image, place.Snapshot, "", place.Config), spec, name: null, cancellationToken);
        var exit = await ExitOfAsync(kleene, container, isVerbose ? context.Terminal.Error : null, cancellationToken);
        context.Terminal.Error.WriteLine($"{(exit.Success ? "works" : $"fails ({exit.ShellCode})"),-12} {place.Text(image)}");
        return exit.Success;
    }

    /// <summary>A program that is not there yet, or not any more, fails as it does in a shell.</summary>
    private static async Task<ExitStatus> ExitOfAsync(Composition kleene, Container container, TextWriter? output, CancellationToken cancellationToken)
    {
        try
        {
            return await kleene.Lifecycle.RunAsync(container, ProcessOutput.To(new Sink(output)), cancellationToken);
        }
        catch (Runtime.Jails.JailStartException exception) when (exception.Failure != Runtime.Jails.JailStartFailure.Jail)
        {
            return new ExitStatus(exception.ExitCode);
        }
    }

    /// <param name="Number">Of the step; 0 is the tree before the first one.</param>
    private sealed record Place(int Number, SnapshotId Snapshot, ImageConfig Config, ImageStep? Step)
    {
        public string Text(Image image) => Number == 0
            ? $"@{Snapshot}, before the first step of {image.DisplayName}"
            : $"{image.DisplayName}@{Number} (@{Snapshot}) : {VisibleText.InOneLine(Step?.Text ?? "")}";
    }

    private sealed class Sink(TextWriter? writer) : IOutputSink
    {
        public void WriteLine(OutputKind stream, string line) => writer?.WriteLine(VisibleText.OfLine(line));
    }
}
