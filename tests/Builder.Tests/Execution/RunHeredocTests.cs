using Kleene.Build.Builder.Events;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;

namespace Kleene.Build.Builder.Tests.Execution;

public sealed class RunHeredocTests : IDisposable
{
    private readonly BuildHarness harness = new();

    public void Dispose() => harness.Dispose();

    [RootFact]
    public async Task A_script_is_a_file_of_that_command_and_of_nothing_else()
    {
        await harness.AddBaseAsync();
        var seen = "";
        harness.Jails.On("/dev/pipes/S", (spec, _, _) =>
        {
            var mount = Assert.Single(spec.Mounts);
            var file = Path.Join(mount.Source, "S");
            seen = $"{mount.Destination} {(mount.ReadOnly ? "ro" : "rw")} {Convert.ToString((int)File.GetUnixFileMode(file), 8)} {File.ReadAllText(file)}";
            Assert.False(mount.Source.StartsWith(spec.Root, StringComparison.Ordinal));
            return Task.FromResult(new ExitStatus(0));
        });

        var events = await harness.BuildAsync("FROM base\nRUN <<S\n#!/bin/sh\nécho $X\nS\nRUN after\n");

        Assert.Equal("/dev/pipes ro 755 #!/bin/sh\nécho $X\n", seen);
        Assert.Empty(harness.Jails.Started.Last().Mounts);
        Assert.Equal(0, harness.UnfinishedTrees);
        Assert.Equal([1, 2], BuildHarness.Ran(events));
    }

    [RootFact]
    public async Task A_failed_script_leaves_no_file_either()
    {
        await harness.AddBaseAsync();
        harness.Jails.On("/dev/pipes/S", exitCode: 3);

        var events = await harness.BuildAsync("FROM base\nRUN <<S\n#!/bin/sh\nexit 3\nS\n");

        Assert.IsType<BuildEvent.Failed>(events[^1]);
        Assert.Equal(0, harness.UnfinishedTrees);
    }

    [RootTheory]
    [InlineData("RUN <<E\necho 1\nE\n")]
    [InlineData("RUN <<E\n#!/bin/sh\necho 1\nE\n")]
    [InlineData("RUN cat <<E\necho 1\nE\n")]
    public async Task A_heredoc_that_changed_is_run_again(string run)
    {
        await harness.AddBaseAsync();
        await harness.BuildAsync("FROM base\n" + run);

        var same = await harness.BuildAsync("FROM base\n# moved\n" + run);
        var changed = await harness.BuildAsync("FROM base\n" + run.Replace("echo 1", "echo 2", StringComparison.Ordinal));

        Assert.Equal([1], BuildHarness.Cached(same));
        Assert.Equal([1], BuildHarness.Ran(changed));
    }
}
