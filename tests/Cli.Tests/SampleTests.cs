using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>Every folder of samples/, built and run as its README says, with the output that it promises.</summary>
[Collection(DebianTests.Name)]
public sealed class SampleTests(DebianSpace debian)
{
    private KleeneSpace Space => debian.Space;

    private static string Sample(string name) => Path.Join(KleeneSpace.Repository, "samples", name);

    private static string Promised(string name) => File.ReadAllText(Path.Join(Sample(name), "expected-output.txt"));

    [JailFact]
    public async Task Hello_says_hello()
    {
        await Space.RunAsync(CommandLine.Of(Path.Join(Sample("hello"), "make-busybox"), Space["busybox"]));
        await Space.SucceedAsync("image", "create", "-t", "busybox", "dir", Space["busybox"]);

        await Space.BuildAsync(Sample("hello"), "hello");

        Assert.Equal(Promised("hello"), await Space.SucceedAsync("run", "--rm", "hello"));
    }

    [JailFact]
    public async Task Mounts_borrows_and_keeps_nothing()
    {
        using var space = new KleeneSpace();
        await space.WithBusyboxAsync();
        var build = space.Command("build", "--secret", "id=token,env=TOKEN", "-t", "borrowed", Sample("mounts"));

        var built = await space.RunAsync(build with { Environment = [.. build.Environment, "TOKEN=hunter2"] });

        Assert.True(built.Exit.Success, built.Error);
        Assert.Equal(Promised("mounts"), await space.SucceedAsync("run", "--rm", "borrowed"));
        Assert.DoesNotContain("src\n", await space.SucceedAsync("run", "--rm", "borrowed", "ls", "/"), StringComparison.Ordinal);
        await TraceFinder.AssertNoTraceAsync(space.StateRoot, "hunter2");
    }

    [JailFact]
    public async Task Multi_stage_gives_an_image_of_one_file()
    {
        await Space.BuildAsync(Sample("multi-stage"), "star");

        Assert.Equal(Promised("multi-stage"), await Space.SucceedAsync("run", "--rm", "star"));
    }

    [JailFact]
    public async Task Todo_passes_its_own_tests_and_runs_and_a_change_repeats_only_what_it_must()
    {
        var context = Space["todo"];
        await Space.RunAsync(CommandLine.Of("cp", "-a", Sample("todo"), context));
        await Space.BuildAsync(context, "todo");

        Assert.Equal(Promised("todo"), await Space.SucceedAsync("run", "--rm", "todo", "--self-check"));

        var page = Path.Join(context, "todo", "page.py");
        await File.AppendAllTextAsync(page, "\n# a change\n");
        var steps = (await Space.BuildAsync(context, "todo")).Split('\n')
            .Where(line => line.StartsWith("Step ", StringComparison.Ordinal) || line.StartsWith("--> ", StringComparison.Ordinal)).ToList();
        var reused = steps.Zip(steps.Skip(1)).Where(pair => pair.Second.StartsWith("--> Using cache", StringComparison.Ordinal)).Select(pair => pair.First.Split(" : ")[1]).ToList();
        Assert.Contains(reused, text => text.StartsWith("RUN apt-get update", StringComparison.Ordinal));
        Assert.Contains(reused, text => text.StartsWith("RUN install -d", StringComparison.Ordinal));
        Assert.DoesNotContain(reused, text => text.StartsWith("COPY todo/", StringComparison.Ordinal));
        Assert.DoesNotContain(reused, text => text.StartsWith("RUN python3 -m unittest", StringComparison.Ordinal));
    }
}
