using System.Globalization;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Tests.Execution;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Testing;

namespace Kleene.Build.Builder.Tests.Differential;

/// <summary>
/// Whatever was built before, a build gives what it gives from nothing: random projects, edited at random, are built over a store that knows all
/// their earlier states, and again from an empty one. A stale answer of any cache is a difference.
/// </summary>
public sealed class DifferentialTests
{
    private const string Variable = "KLEENE_DIFFERENTIAL_ROUNDS";
    private const int EditsAProject = 10;

    private static int Rounds => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 30;

    /// <summary>As the superuser, because copies change owners.</summary>
    [RootFact]
    public async Task A_warm_store_gives_what_an_empty_one_gives()
    {
        var (cached, ran, failed) = (0, 0, 0);
        for (var seed = 0; seed < (Rounds + EditsAProject - 1) / EditsAProject; seed++)
        {
            using var scratch = new ScratchDirectory();
            var context = scratch.MakeDirectory("context");
            var project = new RandomProject(new Random(seed), context);
            project.Make();
            using var warm = new BuildHarness(context);
            await PrepareAsync(warm);
            var history = new List<string>();
            for (var round = 0; round < EditsAProject; round++)
            {
                history.Add(round == 0 ? "made" : project.Edit());
                var (events, result) = await BuildAsync(warm, project);
                using var empty = new BuildHarness(context);
                await PrepareAsync(empty);

                var (_, expected) = await BuildAsync(empty, project);

                Assert.True(result == expected, $"seed {seed}: {string.Join("; ", history)}\n{project.Kleenefile}\nwarm: {result}\nempty: {expected}");
                cached += BuildHarness.Cached(events).Count();
                ran += BuildHarness.Ran(events).Count();
                failed += events.Any(happened => happened is BuildEvent.Completed) ? 0 : 1;
            }
        }

        // Otherwise nothing would have been tried.
        Assert.True(cached > Rounds && ran > Rounds && failed < Rounds / 2, $"{cached} steps were cached, {ran} ran, {failed} builds failed");
    }

    private static async Task PrepareAsync(BuildHarness harness)
    {
        await harness.AddBaseAsync("one");
        await harness.AddBaseAsync("two");
        harness.Jails.Otherwise = PlayedCommand.RunAsync;
    }

    /// <summary>The events, and the image's tree, configuration and history as text; or why there is none.</summary>
    private static async Task<(List<BuildEvent> Events, string Result)> BuildAsync(BuildHarness harness, RandomProject project)
    {
        harness.Images.Tag(harness.Images.Find(project.Base).Image.Id, ImageReference.Parse("base"));
        List<BuildEvent> events;
        try
        {
            events = await harness.BuildAsync(project.Kleenefile, request => request with { Compile = request.Compile with { Arguments = project.Arguments } });
        }
        catch (KleeneException exception)
        {
            return ([], exception.Message);
        }

        if (events[^1] is BuildEvent.Failed failed)
        {
            return (events, failed.Message);
        }

        var image = harness.Images.WithSteps(BuildHarness.ImageOf(events));
        await using var view = await harness.Snapshots.OpenAsync(image.Snapshot, CancellationToken.None);
        return (events, $"{image.Config.ToJson()}\n{string.Join('\n', image.Steps.Select(step => $"{step.Text} {step.Key}"))}\n{PlayedCommand.TreeOf(view.Path)}");
    }
}
