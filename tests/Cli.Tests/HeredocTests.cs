using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

public sealed class HeredocTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task The_body_of_a_heredoc_is_a_script_for_the_shell()
    {
        await space.WithBusyboxAsync();
        var context = space.Context(
            """
            FROM busybox
            ARG WHO="big  world"
            RUN <<EOF
            for i in 1 2; do
              echo "$i $WHO" \
                >> /said
            done
            # a comment of the shell
            EOF
            RUN cat <<A <<-'B' > /last
            lost: the shell reads the last one only
            A
            	kept $WHO
            	B
            RUN cat <<A 3<<B - /dev/fd/3 > /both
            one $WHO
            A
            two \$WHO
            B

            """);

        await space.BuildAsync(context, "app");

        Assert.Equal("1 big  world\n2 big  world\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/said"));
        Assert.Equal("kept $WHO\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/last"));
        Assert.Equal("one big  world\ntwo $WHO\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/both"));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_heredoc_with_a_shebang_is_executed_and_leaves_no_trace()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nUSER 1000:1000\nWORKDIR /tmp\nRUN <<count\n#!/bin/busybox sh\necho $((6 * 7)) $0 > /tmp/answer\ncount\n");

        await space.BuildAsync(context, "app");
        var ran = await space.SucceedAsync("run", "--rm", "app", "sh", "-c", "cat /tmp/answer; /bin/busybox stat -c %u /tmp/answer; ls -d /dev/pipes 2>&1 || true");

        Assert.StartsWith("42 /dev/pipes/count\n1000\n", ran, StringComparison.Ordinal);
        Assert.Contains("No such file", ran, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(space.StateRoot, "*", SearchOption.AllDirectories), path => path.EndsWith("pipes", StringComparison.Ordinal) || path.EndsWith("/count", StringComparison.Ordinal));
        Assert.DoesNotContain("--> Snapshot created", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_script_that_fails_fails_the_build_with_its_code()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN <<EOF\n#!/bin/sh -e\nfalse\ntouch /never\nEOF\n");

        var error = await space.FailAsync(1, "build", "-t", "app", context);

        Assert.Contains("exited with code 1", error, StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task Heredocs_of_a_copy_are_files_of_the_image()
    {
        await space.WithBusyboxAsync();
        space.Write("context/plain.txt", "plain\n");
        var context = space.Context(
            """
            FROM busybox
            ARG WHO="big  world"
            USER 1000
            COPY <<greeting plain.txt <<-'raw' /srv/
            hello "$WHO" \$WHO
            greeting
            	$WHO
            	raw
            COPY <<EOF /single
            EOF

            """);

        await space.BuildAsync(context, "app");

        Assert.Equal("hello \"big  world\" $WHO\n$WHO\nplain\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/srv/greeting", "/srv/raw", "/srv/plain.txt", "/single"));
        Assert.Equal("644 0:0 318211200\n644 0:0 318211200\n", await space.SucceedAsync("run", "--rm", "app", "busybox", "stat", "-c", "%a %u:%g %Y", "/srv/greeting", "/single"));
        Assert.DoesNotContain("--> Snapshot created", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
        Assert.Contains("--> Snapshot created", await space.BuildAsync(context, "app", "--build-arg", "WHO=me"), StringComparison.Ordinal);
        Assert.Equal("hello \"me\" $WHO\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/srv/greeting"));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_build_without_a_context_has_heredocs()
    {
        var context = space.Write("Kleenefile", "FROM scratch\nCOPY <<EOF /a\nx\nEOF\n");

        var result = await space.RunAsync(space.Command("build", "-q", "-t", "app", "-") with { Input = File.ReadAllBytes(context) });

        Assert.True(result.Exit.Success, result.Error);
    }
}
