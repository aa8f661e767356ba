using Kleene.Build.Builder.Events;
using Kleene.Build.Testing;

namespace Kleene.Build.Builder.Tests.Execution;

/// <summary>When a COPY is made from an earlier one. That the trees are right is told by the differential tests.</summary>
public sealed class CopyUpdateBuildTests : IDisposable
{
    private const string Kleenefile = "FROM base\nCOPY files /files\n";
    private const int Many = 1200;

    private readonly BuildHarness harness = new();

    public void Dispose() => harness.Dispose();

    [RootFact]
    public async Task A_copy_of_many_files_of_which_one_changed_is_made_from_the_one_before()
    {
        await MakeAsync(Many);
        await harness.BuildAsync(Kleenefile);

        harness.Write("files/5", "changed");
        var image = BuildHarness.ImageOf(await harness.BuildAsync(Kleenefile));
        harness.Write("files/7", "changed too");
        await harness.BuildAsync(Kleenefile);

        Assert.Equal("changed", await harness.ReadAsync(image.Snapshot, "files/5"));
        Assert.Equal(2, harness.Count("snapshots WHERE revises = 1"));
        Assert.Equal(1, harness.Count("earlier_copies"));
        Assert.Equal(1, harness.Count("(SELECT DISTINCT parent FROM snapshots WHERE revises = 1)"));
    }

    [RootFact]
    public async Task A_copy_of_few_files_leaves_no_trace_of_what_it_copied()
    {
        await MakeAsync(20);

        await harness.BuildAsync(Kleenefile);

        Assert.Equal(0, harness.Count("earlier_copies"));
    }

    [RootFact]
    public async Task Where_much_changed_everything_is_copied_and_that_is_what_later_copies_begin_with()
    {
        await MakeAsync(Many);
        await harness.BuildAsync(Kleenefile);
        for (var i = 0; i < Many / 5; i++)
        {
            harness.Write($"files/{i}", "changed");
        }

        await harness.BuildAsync(Kleenefile);
        Assert.Equal(0, harness.Count("snapshots WHERE revises = 1"));

        harness.Write("files/1", "changed again");
        await harness.BuildAsync(Kleenefile);
        Assert.Equal(1, harness.Count("snapshots AS s WHERE revises = 1 AND parent = (SELECT snapshot FROM earlier_copies)"));
    }

    [RootFact]
    public async Task Without_the_cache_nothing_is_taken_from_an_earlier_copy()
    {
        await MakeAsync(Many);
        await harness.BuildAsync(Kleenefile);
        harness.Write("files/5", "changed");

        await harness.BuildAsync(Kleenefile, request => request with { NoCache = true });

        Assert.Equal(0, harness.Count("snapshots WHERE revises = 1"));
    }

    [RootFact]
    public async Task A_copy_into_another_tree_is_made_from_nothing()
    {
        await MakeAsync(Many);
        await harness.BuildAsync(Kleenefile);
        harness.Write("files/5", "changed");

        await harness.BuildAsync("FROM base\nRUN first\nCOPY files /files\n");
        await harness.BuildAsync("FROM base\nCOPY --chmod=600 files /files\n");

        Assert.Equal(0, harness.Count("snapshots WHERE revises = 1"));
    }

    [RootFact]
    public async Task A_copy_whose_earlier_tree_was_removed_is_made_from_nothing()
    {
        await MakeAsync(Many);
        var image = BuildHarness.ImageOf(await harness.BuildAsync(Kleenefile));
        await harness.Snapshots.RemoveUnusedAsync(harness.Images.Remove(image), CancellationToken.None);
        harness.Write("files/5", "changed");

        Assert.IsType<BuildEvent.Completed>((await harness.BuildAsync(Kleenefile))[^1]);
        Assert.Equal(0, harness.Count("snapshots WHERE revises = 1"));
    }

    [RootFact]
    public async Task A_failed_copy_that_began_with_an_earlier_one_says_what_a_copy_from_nothing_says()
    {
        await MakeAsync(Many);
        await harness.AddBaseAsync("taken", tree => Directory.CreateDirectory(Path.Join(tree, "files/new/sub")));
        await harness.BuildAsync("FROM taken\nCOPY files /files\n");
        harness.Write("files/new", "a file");

        var failed = Assert.IsType<BuildEvent.Failed>((await harness.BuildAsync("FROM taken\nCOPY files /files\n"))[^1]);

        Assert.Equal("cannot copy a file to '/files/new': there is a directory of that name", failed.Message);
        Assert.Equal(0, harness.UnfinishedTrees);
    }

    private async Task MakeAsync(int files)
    {
        await harness.AddBaseAsync();
        for (var i = 0; i < files; i++)
        {
            harness.Write($"files/{i}", $"{i}");
        }
    }
}
