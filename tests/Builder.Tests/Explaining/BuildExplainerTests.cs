using Kleene.Build.Builder.Explaining;
using Kleene.Build.Builder.Tests.Execution;
using Kleene.Build.Parser;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Tests.Explaining;

public sealed class BuildExplainerTests : IDisposable
{
    private const string File = "FROM base\nRUN one\nCOPY a b /srv/\nRUN two\n";

    private readonly BuildHarness harness = new();

    public void Dispose() => harness.Dispose();

    [Fact]
    public async Task A_first_build_has_nothing_to_be_held_against()
    {
        await PrepareAsync();

        var explanation = await BuildAsync(File);

        Assert.Null(explanation.Against);
        Assert.All(explanation.Steps, step => Assert.IsType<Cause.Unprecedented>(step.Cause));
    }

    [Fact]
    public async Task A_step_that_was_reused_needs_no_reason()
    {
        await PrepareAsync();
        await BuildAsync(File);

        var explanation = await BuildAsync(File);

        Assert.All(explanation.Steps, step => Assert.Null(step.Cause));
    }

    [Fact]
    public async Task A_copy_names_the_files_that_were_added_removed_and_changed()
    {
        await PrepareAsync();
        harness.Write("d/same", "1");
        harness.Write("d/gone", "1");
        harness.Write("d/other", "1");
        await BuildAsync("FROM base\nCOPY d /srv/\n");
        harness.Delete("d/gone");
        harness.Write("d/new", "1");
        harness.Write("d/other", "22");

        var change = Assert.Single(Changed(await BuildAsync("FROM base\nCOPY d /srv/\n"), 1).Changes);

        Assert.Equal(["removed d/gone", "added d/new", "changed d/other"], change.Files.Select(file => $"{file.Change} {file.Path}"));
        Assert.Equal(["content"], change.Files[2].Aspects);
        Assert.Equal((1, 2), (change.Files[2].Before!.Size, change.Files[2].After!.Size));
    }

    [Fact]
    public async Task What_follows_a_changed_step_leads_back_to_it()
    {
        await PrepareAsync();
        await BuildAsync(File);
        harness.Write("a", "other");

        var explanation = await BuildAsync(File);

        Assert.Null(explanation.Steps[0].Cause);
        var followed = Assert.IsType<Cause.Followed>(explanation.Steps[2].Cause);
        Assert.Equal((2, 2), (followed.Step.Number, followed.RootStep!.Number));
        Assert.Equal("a", Assert.Single(Assert.IsType<Cause.Changed>(followed.Root).Changes).Files.Single().Path.ToString());
    }

    [Fact]
    public async Task A_cause_is_followed_through_other_stages()
    {
        await PrepareAsync();
        const string Stages = "FROM base AS build\nCOPY a /a\nRUN two\nFROM base\nRUN one\nCOPY --from=build /a /a\n";
        await BuildAsync(Stages);
        harness.Write("a", "other");

        var explanation = await BuildAsync(Stages);

        Assert.Null(explanation.Steps[2].Cause);
        var followed = Assert.IsType<Cause.Followed>(explanation.Steps[3].Cause);
        Assert.Equal(("stage 'build'", 1), (followed.Through, followed.RootStep!.Number));
        Assert.IsType<Cause.Changed>(followed.Root);
    }

    [Theory]
    [InlineData("RUN one", false)]
    [InlineData("RUN one $FLAVOUR", true)]
    [InlineData("RUN one ${FLAVOUR:-x}", true)]
    [InlineData("RUN one $FLAVOURS", false)]
    public async Task An_argument_is_named_with_its_place_and_whether_the_command_mentions_it(string command, bool mentioned)
    {
        await PrepareAsync();
        var file = $"FROM base\nARG FLAVOUR=release\n{command}\n";
        await BuildAsync(file);

        var change = Assert.Single(Changed(await BuildAsync(file, arguments: [new("FLAVOUR", "debug")]), 1).Changes);

        Assert.Equal(("env", "FLAVOUR", "release", "debug"), (change.Name, change.Item, change.Before, change.After));
        Assert.Equal(new InputOrigin("--build-arg", "Kleenefile:2"), change.Origin);
        Assert.Equal(mentioned, change.IsMentioned);
    }

    [Fact]
    public async Task A_variable_of_the_file_is_named_with_its_line()
    {
        await PrepareAsync();
        await BuildAsync("FROM base\nENV A=1 B=2\nRUN one\n");

        var changes = Changed(await BuildAsync("FROM base\n# more\nENV A=1 B=3\nENV C=4\nRUN one\n"), 1).Changes;

        Assert.Equal(["B 2 3 ENV Kleenefile:3", "C  4 ENV Kleenefile:4"], changes.Select(change => $"{change.Item} {change.Before} {change.After} {change.Origin!.Source} {change.Origin.Place}"));
    }

    [Fact]
    public async Task Another_command_is_shown_beside_the_one_before()
    {
        await PrepareAsync();
        await BuildAsync("FROM base\nRUN one\nRUN two\nRUN three\n");

        var explanation = await BuildAsync("FROM base\nRUN one\nRUN zwei\nRUN three\n");

        var change = Assert.Single(Changed(explanation, 2).Changes);
        Assert.Equal(("argv", "two", "zwei"), (change.Name, change.Before, change.After));
        Assert.IsType<Cause.Followed>(explanation.Steps[2].Cause);
    }

    [Fact]
    public async Task An_instruction_that_was_put_in_between_is_new_and_those_below_are_known_by_their_text()
    {
        await PrepareAsync();
        await BuildAsync("FROM base\nRUN one\nRUN two\n");

        var explanation = await BuildAsync("FROM base\nRUN one\nWORKDIR /w\nRUN two\n");

        Assert.IsType<Cause.Added>(explanation.Steps[1].Cause);
        var followed = Assert.IsType<Cause.Followed>(explanation.Steps[2].Cause);
        Assert.Equal(2, followed.Step.Number);
        Assert.Equal("workdir", Assert.Single(followed.Own).Name);
    }

    [Fact]
    public async Task Another_base_image_is_told_by_both_keys()
    {
        await PrepareAsync();
        await BuildAsync("FROM base\nRUN one\n");
        await harness.AddBaseAsync("other");
        harness.Images.Tag(harness.Images.Find("other").Image.Id, ImageReference.Parse("base"));

        var rebased = Assert.IsType<Cause.Rebased>((await BuildAsync("FROM base\nRUN one\n")).Steps[0].Cause);

        Assert.Equal(("base", "base base", "base", "base other"), (rebased.Before, rebased.BeforeKey, rebased.Reference, rebased.Key));
    }

    [Fact]
    public async Task A_step_whose_snapshot_is_gone_is_told_from_one_that_asks_something_new()
    {
        await PrepareAsync();
        var first = await BuildAsync("FROM base\nRUN one\n");
        var image = harness.Images.Find("app").Image;
        await harness.Snapshots.RemoveUnusedAsync(harness.Images.Remove(image), CancellationToken.None);

        var lost = Assert.IsType<Cause.Lost>((await BuildAsync("FROM base\nRUN one\n")).Steps[0].Cause);

        Assert.Equal(first.Build.Id, lost.Build.Id);
    }

    [Fact]
    public async Task A_step_that_failed_the_last_time_says_so()
    {
        await PrepareAsync();
        harness.Jails.On("two", 3);
        var failed = await BuildAsync("FROM base\nRUN one\nRUN two\nRUN three\n");
        harness.Jails.On("two", 0);

        var explanation = await BuildAsync("FROM base\nRUN one\nRUN two\nRUN three\n");

        Assert.Equal([RecordedStepState.Built, RecordedStepState.Failed, RecordedStepState.Waiting], failed.Build.Detail.Steps.Select(step => step.State));
        Assert.Equal(RecordedStepState.Failed, Assert.IsType<Cause.Unanswered>(explanation.Steps[1].Cause).Step.State);
        Assert.Equal(RecordedStepState.Waiting, Assert.IsType<Cause.Unanswered>(explanation.Steps[2].Cause).Step.State);
    }

    [Fact]
    public async Task A_build_without_the_cache_was_asked_for()
    {
        await PrepareAsync();
        await BuildAsync(File);

        var explanation = await BuildAsync(File, request => request with { NoCache = true });

        Assert.All(explanation.Steps, step => Assert.IsType<Cause.Forced>(step.Cause));
    }

    [Fact]
    public async Task The_nearest_build_is_the_one_with_most_in_common_and_not_the_last()
    {
        await PrepareAsync();
        const string Flavoured = "FROM base\nARG FLAVOUR\nRUN one\nCOPY a /a\n";
        var near = await BuildAsync(Flavoured, arguments: [new("FLAVOUR", "debug")]);
        await BuildAsync(Flavoured, arguments: [new("FLAVOUR", "release")]);
        harness.Write("a", "other");

        var explanation = await BuildAsync(Flavoured, arguments: [new("FLAVOUR", "debug")]);

        Assert.Equal(near.Build.Id, explanation.Against!.Id);
        Assert.Null(explanation.Steps[0].Cause);
        Assert.IsType<Cause.Changed>(explanation.Steps[1].Cause);
    }

    [Fact]
    public async Task A_build_can_be_held_against_any_other()
    {
        await PrepareAsync();
        var first = await BuildAsync("FROM base\nRUN one\n");
        await BuildAsync("FROM base\nRUN two\n");
        await BuildAsync("FROM base\nRUN two\nRUN three\n");

        var explanation = new BuildExplainer(harness.Builds).Explain(harness.Builds.Latest()!, first.Build);

        Assert.Equal(first.Build.Id, explanation.Against!.Id);
    }

    [Fact]
    public async Task A_build_that_expects_everything_cached_runs_nothing_and_says_what_it_would_have()
    {
        await PrepareAsync();
        await BuildAsync(File);
        harness.Write("a", "other");
        var ran = harness.Jails.Started.Count;

        var explanation = await BuildAsync(File, request => request with { ExpectsCached = true });

        Assert.Equal(ran, harness.Jails.Started.Count);
        Assert.Equal([RecordedStepState.Cached, RecordedStepState.Expected, RecordedStepState.Expected], explanation.Build.Detail.Steps.Select(step => step.State));
        Assert.Equal("a", Assert.Single(Changed(explanation, 2).Changes).Files.Single().Path.ToString());
        Assert.Equal(BuildState.Failed, explanation.Build.State);
    }

    [Fact]
    public async Task A_build_that_expects_everything_cached_and_finds_it_so_is_like_any_other()
    {
        await PrepareAsync();
        var first = await BuildAsync(File);

        var second = await BuildAsync(File, request => request with { ExpectsCached = true });

        Assert.Equal((BuildState.Done, first.Build.Image), (second.Build.State, second.Build.Image));
    }

    [Fact]
    public async Task A_forecast_is_what_the_build_then_does()
    {
        await PrepareAsync();
        const string Stages = "FROM base AS unneeded\nRUN one\nFROM base AS build\nRUN two\nFROM build AS more\nCOPY a /a\nFROM base\nCOPY --from=unneeded /base /u\nCOPY --from=more /a /a\n";
        await BuildAsync(Stages);
        harness.Write("a", "other");
        await harness.Snapshots.RemoveUnusedAsync([], CancellationToken.None);

        var forecast = await harness.ForecastAsync(Stages);
        var built = await BuildAsync(Stages);

        Assert.Equal(built.Steps.Where(step => step.Step.HasRun).Select(step => step.Step.Number), forecast!.Expected.Select(step => step.Number));
        Assert.Equal([3, 5], forecast.Expected.Select(step => step.Number));
        Assert.Equal(built.Build.Detail.Steps.Select(step => step.Key), forecast.Steps.Select(step => step.Key));
    }

    [Fact]
    public async Task Arguments_that_no_command_mentions_are_advised_to_go_below()
    {
        await PrepareAsync();
        const string Flavoured = "FROM base\nARG COMMIT\nRUN one\n";
        await BuildAsync(Flavoured, arguments: [new("COMMIT", "1")]);

        var explanation = await BuildAsync(Flavoured, arguments: [new("COMMIT", "2")]);

        Assert.Equal("the command does not mention COMMIT: put 'ARG COMMIT' (Kleenefile:2) below it, where it is needed", explanation.Steps[0].Advice);
    }

    [Theory]
    [InlineData("d/.git/index", "if the image does not need them, add '.git' to .kleeneignore")]
    [InlineData("d/x/build.log", "if the image does not need them, add '**/*.log' to .kleeneignore")]
    [InlineData("d/main.c", "copy only what the next commands need, and the rest below them")]
    public async Task Files_that_tools_leave_behind_are_advised_to_be_ignored(string path, string advice)
    {
        await PrepareAsync();
        harness.Write("d/a", "1");
        harness.Write(path, "1");
        await BuildAsync("FROM base\nCOPY d /d\n");
        harness.Write(path, "2");

        var explanation = await BuildAsync("FROM base\nCOPY d /d\n");

        Assert.StartsWith(advice, explanation.Steps[0].Advice, StringComparison.Ordinal);
    }

    private async Task PrepareAsync()
    {
        await harness.AddBaseAsync();
        harness.Write("a", "a");
        harness.Write("b", "b");
    }

    private async Task<BuildExplanation> BuildAsync(string file, Func<BuildRequest, BuildRequest>? change = null, params KeyValuePair<string, string>[] arguments)
    {
        await harness.BuildAsync(file, request =>
        {
            var given = request with { Compile = request.Compile with { Arguments = new BuildArguments(arguments) } };
            return change?.Invoke(given) ?? given;
        });
        return new BuildExplainer(harness.Builds).Explain(harness.Builds.Latest()!);
    }

    private static Cause.Changed Changed(BuildExplanation explanation, int step) => Assert.IsType<Cause.Changed>(explanation.Steps[step - 1].Cause);
}
