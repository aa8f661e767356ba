using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

public sealed class BindMountTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task Only_the_files_that_are_mounted_decide_whether_a_step_runs()
    {
        await space.WithBusyboxAsync();
        space.Write("context/used/[a]*.txt", "1\n");
        space.Write("context/unused", "1\n");
        var context = space.Context("FROM busybox\nRUN --mount=source=used,target=/u cat /u/* > /out\nRUN --mount=source='used/[a]*.txt',target=/f cat /f >> /out\n");
        await space.BuildAsync(context, "app");

        space.Write("context/unused", "2\n");
        File.SetLastWriteTimeUtc(space["context/used/[a]*.txt"], DateTime.UtcNow.AddDays(-1));
        var other = await space.BuildAsync(context, "app");
        space.Write("context/used/[a]*.txt", "2\n");
        var used = await space.BuildAsync(context, "app");

        Assert.Equal(2, other.Split("--> Using cache").Length - 1);
        Assert.DoesNotContain("--> Using cache", used, StringComparison.Ordinal);
        Assert.Equal("2\n2\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/out"));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_stage_that_is_mounted_is_built_first_and_its_change_is_seen()
    {
        await space.WithBusyboxAsync();
        const string File = "FROM busybox AS a\nRUN echo 1 > /x\nFROM busybox AS unused\nRUN exit 1\nFROM busybox\nRUN --mount=from=a,target=/a cat /a/x > /out\n";
        await space.BuildAsync(space.Context(File), "app");

        var changed = await space.BuildAsync(space.Context(File.Replace("echo 1", "echo 2", StringComparison.Ordinal)), "app");

        Assert.DoesNotContain("--> Using cache", changed, StringComparison.Ordinal);
        Assert.Equal("2\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/out"));
    }

    [JailFact]
    public async Task A_named_context_is_mounted_as_its_ignore_file_leaves_it()
    {
        await space.WithBusyboxAsync();
        space.Write("lib/one", "1\n");
        space.Write("lib/two", "2\n");
        space.Write("lib/.dockerignore", "two\n.dockerignore\n");
        var context = space.Context("FROM busybox\nRUN --mount=from=lib,target=/l ls -A /l > /out\nRUN --mount=type=cache,from=lib,source=one,target=/c true\n");
        var build = space.Context("FROM busybox\nRUN --mount=from=lib,target=/l ls -A /l > /out\nRUN --mount=type=cache,from=lib,target=/c ls /c >> /out\n");

        await space.BuildAsync(build, "app", "--build-context", $"lib={space["lib"]}");

        Assert.Equal(context, build);
        Assert.Equal("one\none\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/out"));
    }

    [JailFact]
    public async Task What_cannot_be_mounted_is_told_with_the_line_and_the_reason()
    {
        await space.WithBusyboxAsync();
        space.Write("context/data/file", "x");
        space.Write("context/hidden", "x");
        space.Write("context/.dockerignore", "hidden\n");
        var context = space.Context("FROM busybox\nRUN --mount=source=dato,target=/d true\nRUN --mount=source=hidden,target=/h true\n");
        var missing = space.Context("FROM busybox AS a\nFROM busybox\nRUN --mount=from=a,source=/no/such,target=/d true\n", "missing");

        var error = await space.FailAsync(1, "build", context);
        var noFiles = await space.RunAsync(space.Command("build", "-") with { Input = "FROM busybox\nRUN --mount=target=/d true\n"u8.ToArray() });

        Assert.Contains("Kleenefile:2: RUN --mount=source=dato,target=/d true: there is no 'dato' in the build context", error, StringComparison.Ordinal);
        Assert.Contains("did you mean 'data'?", error, StringComparison.Ordinal);
        Assert.Contains("'hidden' is left out of the build context by 'hidden' (.dockerignore:1)", error, StringComparison.Ordinal);
        Assert.Contains("there is no 'no/such' in stage '0'", await space.FailAsync(1, "build", "--progress", "plain", missing), StringComparison.Ordinal);
        Assert.Contains("there is no build context", noFiles.Error, StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_link_in_the_image_or_the_stage_leads_nowhere_else()
    {
        await space.WithBusyboxAsync();
        var context = space.Context(
            """
            FROM busybox AS a
            RUN mkdir /real && echo inside > /real/passwd && ln -s /real /etc2 && ln -s /../../real/passwd /up
            FROM busybox
            RUN mkdir /target && ln -s /target /link
            RUN --mount=from=a,source=/etc2,target=/link/sub cat /target/sub/passwd > /out
            RUN --mount=from=a,source=/up,target=/file cat /file >> /out
            RUN ls -A /target >> /out

            """);

        await space.BuildAsync(context, "app");

        Assert.Equal("inside\ninside\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/out"));
        await space.AssertCleanAsync();
    }
}
