using Kleene.Build.Builder.Events;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Testing;

namespace Kleene.Build.Builder.Tests.Execution;

/// <summary>Builds in a store that may take so much and no more.</summary>
public sealed class SpaceBoundTests : IDisposable
{
    private const int Megabyte = 1 << 20;

    private readonly BuildHarness harness = new();

    public void Dispose() => harness.Dispose();

    [RootFact]
    public async Task The_cheapest_steps_of_the_cache_make_room_and_it_is_said()
    {
        await harness.AddBaseAsync();
        Writes("one", 3);
        Writes("two", 3);
        await harness.BuildAsync("FROM base\nRUN one\n", Unnamed);
        await BoundAsync(5);

        var events = await harness.BuildAsync("FROM base\nRUN two\n");

        Assert.Equal(["started 0 of 1", "1 RUN two", "1 built", "completed"], BuildHarness.Told(events.Where(happened => happened is not BuildEvent.Evicted)));
        var eviction = Assert.Single(events.OfType<BuildEvent.Evicted>()).Eviction;
        Assert.Equal(["RUN one"], eviction.Steps.Select(step => step.Text));
        Assert.InRange(eviction.Bytes, 3 * Megabyte, (3 * Megabyte) + 100_000);
        Assert.Equal(1, harness.Count("images WHERE id NOT IN (SELECT image FROM names WHERE name = 'base')"));
    }

    [RootFact]
    public async Task A_step_for_which_there_is_no_room_fails_and_says_what_can_be_done()
    {
        await harness.AddBaseAsync();
        Writes("one", 3);
        Writes("two", 3);
        await harness.BuildAsync("FROM base\nRUN one\n");
        await BoundAsync(5);

        var events = await harness.BuildAsync("FROM base\nRUN two\n", request => request with { Tags = [ImageReference.Parse("other")] });

        Assert.Empty(events.OfType<BuildEvent.Evicted>());
        var failed = Assert.Single(events.OfType<BuildEvent.StepFailed>());
        Assert.Contains("has reached its max-size of ", failed.Message, StringComparison.Ordinal);
        Assert.Contains("'kleene system set max-size=SIZE'", failed.Message, StringComparison.Ordinal);
        Assert.IsType<BuildEvent.Failed>(events[^1]);
        Assert.Equal(0, harness.UnfinishedTrees);
        Assert.Equal(2, harness.Count("snapshots"));
    }

    [RootFact]
    public async Task A_command_that_writes_without_end_is_stopped()
    {
        await harness.AddBaseAsync();
        await BoundAsync(20);
        harness.Jails.On("endless", async (spec, _, cancellationToken) =>
        {
            for (var i = 0; true; i++)
            {
                await File.WriteAllBytesAsync(Path.Join(spec.Root, $"{i}"), new byte[100_000], cancellationToken);
                await Task.Delay(1, cancellationToken);
            }
        });

        var events = await harness.BuildAsync("FROM base\nRUN endless\n");

        Assert.Contains("max-size", Assert.Single(events.OfType<BuildEvent.StepFailed>()).Message, StringComparison.Ordinal);
        Assert.Equal(1, harness.Count("snapshots"));
        Assert.Equal(0, harness.UnfinishedTrees);
    }

    [RootFact]
    public async Task Files_of_a_failure_are_not_kept_where_there_is_no_room_for_them()
    {
        await harness.AddBaseAsync();
        await BoundAsync(5);
        harness.Jails.On("fails", async (spec, _, cancellationToken) =>
        {
            await File.WriteAllBytesAsync(Path.Join(spec.Root, "file"), new byte[6 * Megabyte], CancellationToken.None);
            return new ExitStatus(7);
        });

        var events = await harness.BuildAsync("FROM base\nRUN fails\n");

        Assert.Single(events.OfType<BuildEvent.StepFailed>());
        Assert.Equal(1, harness.Count("snapshots"));
    }

    [RootFact]
    public async Task What_the_build_itself_has_made_or_will_take_is_not_evicted()
    {
        await harness.AddBaseAsync();
        Writes("one", 1);
        Writes("two", 3);
        Writes("three", 3);
        const string Kleenefile = "FROM base AS a\nRUN one\nFROM base AS b\nRUN two\nFROM base\nCOPY --from=a /one /\nCOPY --from=b /two /\nRUN three\n";
        await harness.BuildAsync("FROM base\nRUN one\n", Unnamed);
        await BoundAsync(12);

        var events = await harness.BuildAsync(Kleenefile);

        // Its own steps are all it has: they are not given up for its next one.
        Assert.Empty(events.OfType<BuildEvent.Evicted>());
        Assert.Single(BuildHarness.Cached(events));
        Assert.IsType<BuildEvent.StepFailed>(events[^2]);
    }

    [RootFact]
    public async Task A_cached_step_is_used_and_an_old_one_that_is_not_goes_before_it()
    {
        await harness.AddBaseAsync();
        Writes("one", 2);
        Writes("two", 2);
        Writes("three", 2);
        await harness.BuildAsync("FROM base\nRUN one\n", Unnamed);
        await harness.BuildAsync("FROM base\nRUN two\n", Unnamed);
        harness.Database.Execute("UPDATE snapshots SET created = created - 864000000, duration = 1000");
        await harness.BuildAsync("FROM base\nRUN one\n", Unnamed);
        await BoundAsync(6);

        var events = await harness.BuildAsync("FROM base\nRUN three\n");

        Assert.Equal(["RUN two"], Assert.Single(events.OfType<BuildEvent.Evicted>()).Eviction.Steps.Select(step => step.Text));
    }

    private static BuildRequest Unnamed(BuildRequest request) => request with { Tags = [] };

    private void Writes(string command, int megabytes) => harness.Jails.On(command, async (spec, _, cancellationToken) =>
    {
        await File.WriteAllBytesAsync(Path.Join(spec.Root, command), new byte[megabytes * Megabyte], cancellationToken);
        return new ExitStatus(0);
    });

    private async Task BoundAsync(int megabytes)
    {
        // Beside the records: the database is as large as it happens to be.
        var records = await new SpaceReport(harness.Snapshots.Store, harness.Database, harness.State).MeasureRecordsAsync(CancellationToken.None);
        harness.Space.Settings.MaximumBytes = (megabytes * Megabyte) + records;
    }
}
