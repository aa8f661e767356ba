using Kleene.Build.Builder.Events;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Text;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Space;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Cli.Tests.Output;

/// <summary>The events of a build that never took place.</summary>
internal sealed class Events
{
    public static readonly SnapshotId Snapshot = SnapshotId.Parse("aa0000000001");

    private readonly StepPlace[] places;

    public Events(params string[] commands)
    {
        Source = new SourceText("Kleenefile", "FROM scratch\n" + string.Concat(commands.Select(command => $"RUN {command}\n")));
        var stage = KleenefileCompiler.Compile(Source, CompileOptions.Default).Plan!.Target; // The text above always compiles.
        places = [.. stage.Steps.Select((step, i) => new StepPlace(i + 1, stage.Steps.Length, stage, step))];
    }

    public SourceText Source { get; }

    public BuildEvent Starts(int step) => new BuildEvent.StepStarted(places[step - 1]);

    public BuildEvent Says(int step, string line, OutputKind kind = OutputKind.Output) => new BuildEvent.StepOutput(places[step - 1], kind, line);

    public BuildEvent Cached(int step) => new BuildEvent.StepCached(places[step - 1], Snapshot);

    public BuildEvent Completes(int step) => new BuildEvent.StepCompleted(places[step - 1], Snapshot, TimeSpan.FromSeconds(1.25));

    public BuildEvent Fails(int step, string message = "the command exited with code 7") =>
        new BuildEvent.StepFailed(places[step - 1], new ExitStatus(7), message, Snapshot, TimeSpan.FromSeconds(1));

    public static BuildEvent Fails() => new BuildEvent.Failed("the command exited with code 7", null, Snapshot, TimeSpan.FromSeconds(2));

    public static BuildEvent Evicts() => new BuildEvent.Evicted(new Eviction(
        [
            new EvictableStep(Snapshot, null, 1_200_000_000, TimeSpan.FromSeconds(2), DateTimeOffset.UnixEpoch, Text: "RUN one"),
            new EvictableStep(SnapshotId.Parse("aa0000000002"), Snapshot, 34_000_000, TimeSpan.Zero, DateTimeOffset.UnixEpoch),
        ],
        20_000_000_000));

    public static BuildEvent Completes() => new BuildEvent.Completed(
        new Image { Id = "0a0000000001", Snapshot = Snapshot, Key = "k", Config = new ImageConfig(), Created = DateTimeOffset.UnixEpoch },
        TimeSpan.FromSeconds(2));
}
