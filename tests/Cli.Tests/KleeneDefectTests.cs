using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>Defects of Kleene's own builder, each as a build in which it would show. Those of its parser are tests of the parser.</summary>
public sealed class KleeneDefectTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailTheory]
    [InlineData("")]
    [InlineData("# syntax=kleene\n")]
    public async Task Values_are_never_executed_on_the_host(string dialect)
    {
        await space.WithBusyboxAsync();
        var trap = space["trap"];

        await space.BuildAsync(space.Context($"{dialect}FROM busybox\nENV AB=$(touch\\ '{trap}')\nENV CD=`touch\\ '{trap}'`\nUSER ${{XY:-$(id)}}\nUSER root\nRUN true\n"), "app");

        Assert.False(File.Exists(trap));
    }

    [JailTheory]
    [InlineData("")]
    [InlineData("# syntax=kleene\n")]
    public async Task A_source_of_COPY_that_is_missing_fails_the_build(string dialect)
    {
        var context = space.Context(dialect + "FROM scratch\nCOPY there missing /to/\n");
        space.Write("context/there", "");

        Assert.Contains("'missing'", await space.FailAsync(1, "build", context), StringComparison.Ordinal);
    }

    [JailTheory]
    [InlineData("")]
    [InlineData("# syntax=kleene\n")]
    public async Task The_context_is_not_seen_by_later_steps_and_leaves_nothing_in_the_image(string dialect)
    {
        await space.WithBusyboxAsync();
        var context = space.Context(dialect + "FROM busybox\nRUN ls -a / > /before\nCOPY file /\nRUN ls -a / > /after && cat /proc/mounts > /mounts\n");
        space.Write("context/file", "");
        space.Write("context/other", "");

        await space.BuildAsync(context, "app");

        var before = (await space.SucceedAsync("run", "--rm", "app", "cat", "/before")).Split('\n');
        var after = (await space.SucceedAsync("run", "--rm", "app", "cat", "/after")).Split('\n');
        Assert.Equal(["file"], after.Except(before).Order().Except(["after"]));
        Assert.DoesNotContain("context", await space.SucceedAsync("run", "--rm", "app", "cat", "/mounts"), StringComparison.Ordinal);
        Assert.True(File.Exists(space["context/other"]));
    }

    [JailFact]
    public async Task COPY_works_after_a_step_that_left_a_process_behind()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN sleep 1000 & echo started\nCOPY file /\nRUN test -f /file && ! pidof sleep\n");
        space.Write("context/file", "");

        await space.BuildAsync(context, "app");

        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_base_that_is_not_there_leaves_no_container_behind()
    {
        await space.FailAsync(1, "build", space.Context("FROM no-such-image\nRUN true\n"));

        Assert.Equal("", await space.SucceedAsync("ps", "-a", "-q"));
        await space.AssertCleanAsync();
    }

    [JailTheory]
    [InlineData("")]
    [InlineData("# syntax=kleene\n")]
    public async Task A_second_FROM_begins_a_second_stage(string dialect)
    {
        await space.WithBusyboxAsync();

        await space.BuildAsync(space.Context(dialect + "FROM busybox AS one\nRUN echo one > /mark\nFROM one\nRUN echo two >> /mark\n"), "app");

        Assert.Equal("one\ntwo\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/mark"));
    }

    [JailFact]
    public async Task Mounts_are_made_in_the_order_in_which_they_are_written()
    {
        await space.WithBusyboxAsync();

        await space.BuildAsync(
            space.Context("FROM busybox\nRUN --mount=type=tmpfs,target=/m --mount=type=tmpfs,target=/m/below grep -c ' /m' /proc/mounts > /seen && touch /m/below/x\n"), "app");

        Assert.Equal("2\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/seen"));
    }

    [JailTheory]
    [InlineData("")]
    [InlineData("# syntax=kleene\n")]
    public async Task Commands_run_in_the_root_directory_and_not_at_home(string dialect)
    {
        await space.WithBusyboxAsync();

        await space.BuildAsync(space.Context(dialect + "FROM busybox\nRUN pwd > /where\nRUN [\"/bin/sh\", \"-c\", \"pwd >> /where\"]\n"), "app");

        Assert.Equal("/\n/\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/where"));
    }

    /// <summary>No defect, but Kleene's meaning, for files that ask for it.</summary>
    [JailFact]
    public async Task In_its_own_dialect_COPY_keeps_directories_and_stays_below_the_working_directory()
    {
        await space.WithBusyboxAsync();
        var context = space.Context(
            """
            # syntax=kleene
            FROM busybox
            COPY dir /new
            COPY dir /new
            COPY . /all
            WORKDIR /app
            COPY dir/file /below
            COPY dir  other /several
            RUN find / -xdev -name 'fil*' | sort > /found
            """);
        space.Write("context/dir/file", "");
        space.Write("context/other/file2", "");

        await space.BuildAsync(context, "app");

        Assert.Equal(
            """
            /all/dir/file
            /all/other/file2
            /app/several/dir/file
            /app/several/other/file2
            /new/dir/file
            /new/file

            """,
            await space.SucceedAsync("run", "--rm", "app", "cat", "/found"));
        Assert.Equal("/app/below\n", await space.SucceedAsync("run", "--rm", "app", "ls", "/app/below"));
    }

    [JailFact]
    public async Task In_its_own_dialect_a_directory_of_another_name_is_copied_anew()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("# syntax=kleene\nFROM busybox\nCOPY d* /bin\n");
        space.Write("context/dir/file", "");
        await space.BuildAsync(context, "app");

        Directory.Move(space["context/dir"], space["context/dir2"]);
        await space.BuildAsync(context, "app");

        Assert.Equal("file\n", await space.SucceedAsync("run", "--rm", "app", "ls", "/bin/dir2"));
    }
}
