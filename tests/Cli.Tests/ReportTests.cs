using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>What a failed step leaves outside.</summary>
public sealed class ReportTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task Reports_of_a_step_that_fails_come_out_with_what_it_printed_and_the_failure_stays_one()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("""
            FROM busybox
            WORKDIR /app
            RUN echo quiet
            RUN --report=results --report=/tmp/summary.txt --report=/missing mkdir -p results/deep; echo '<xml/>' > results/deep/t.xml; chmod 4755 results/deep/t.xml; ln -s /etc/shadow results/link; mkfifo results/pipe; echo 3 failed > /tmp/summary.txt; echo telling; exit 3

            """);

        var result = await space.RunAsync("build", "--rm", "--output-on-failure", space["out"], "--progress", "plain", context);

        Assert.Equal(1, result.Exit.ShellCode);
        Assert.Contains("the command exited with code 3", result.Error, StringComparison.Ordinal);
        Assert.Contains("the report '/missing' is not there", result.Error, StringComparison.Ordinal);
        Assert.Equal(
            "./app/results/deep/t.xml 644 0\n./step.log 644 0\n./tmp/summary.txt 644 0\n",
            space.Shell("cd out; find . ! -type d -printf '%p %m %U\\n' | LC_ALL=C sort"));
        Assert.Equal("<xml/>\n3 failed\n", space.Shell("cat out/app/results/deep/t.xml out/tmp/summary.txt"));
        Assert.StartsWith("telling\n", space.Shell("cat out/step.log"), StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_report_cannot_lead_out_of_the_tree_or_out_of_the_directory()
    {
        await space.WithBusyboxAsync();
        space.Write("secret", "of the host");
        space.Shell("mkdir -p out elsewhere; ln -s ../elsewhere out/app");
        var context = space.Context($"FROM busybox\nRUN --report=/app/link --report=/app/way/x mkdir /app; ln -s '{space["secret"]}' /app/link; ln -s '{space[""]}' /app/way; false\n");

        await space.FailAsync(1, "build", "--output-on-failure", space["out"], context);

        Assert.Equal("", space.Shell("find elsewhere -mindepth 1; cat out/app/link 2> /dev/null || true"));
    }

    [JailFact]
    public async Task What_is_to_be_reported_is_no_part_of_the_question()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context("FROM busybox\nRUN echo x > /x\n"), "app");

        Assert.Contains("Using cache", await space.BuildAsync(space.Context("FROM busybox\nRUN --report=/x echo x > /x\n"), "app", "--output-on-failure", space["out"]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(space["out"]));
    }
}
