using Kleene.Build.Testing.Jails;
using Kleene.Build.Testing.Servers;

namespace Kleene.Build.Cli.Tests;

/// <summary><c>--build-context</c>: trees of the caller's, by the names that a Kleenefile uses.</summary>
public sealed class NamedContextTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_directory_is_copied_from_by_its_name_and_has_its_own_ignore_file()
    {
        await space.WithBusyboxAsync();
        space.Write("the lib/a", "lib\n");
        space.Write("the lib/secret", "no");
        space.Write("the lib/.dockerignore", "secret\n");
        space.Write("context/.dockerignore", "**\n");
        space.Shell("chown 12:13 'the lib/a'");
        var context = space.Context("FROM busybox\nCOPY --from=LIB . /lib/\nCOPY --from=lib --parents ./a /parents/\n");
        var option = $"--build-context=Lib={space["the lib"]}";

        await space.BuildAsync(context, "app", option);

        Assert.Equal("/lib/a 0:0\n/parents/a 0:0\n", await space.SucceedAsync("run", "--rm", "app", "sh", "-c", "stat -c '%n %u:%g' /lib/* /parents/*"));
        Assert.DoesNotContain("--> Snapshot created", await space.BuildAsync(context, "app", option), StringComparison.Ordinal);
        space.Write("the lib/secret", "changed");
        Assert.DoesNotContain("--> Snapshot created", await space.BuildAsync(context, "app", option), StringComparison.Ordinal);
        space.Write("the lib/a", "new\n");
        Assert.Equal(2, (await space.BuildAsync(context, "app", option)).Split("--> Snapshot created").Length - 1);
        Assert.Contains(
            "COPY --from=LIB secret /x: 'secret' is left out of the context 'lib' by 'secret' (.dockerignore:1)",
            await space.FailAsync(1, "build", option, space.Context("FROM busybox\nCOPY --from=LIB secret /x\n")),
            StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_stage_may_start_from_a_directory_and_be_replaced_by_one()
    {
        await space.WithBusyboxAsync();
        space.Write("tree/bin/made-here", "#!/bin/sh\necho made here\n");
        space.Shell("cp /bin/busybox tree/bin/sh; chmod 755 tree/bin/*");
        var context = space.Context("""
            FROM tools AS build
            RUN ["/bin/sh", "-c", "echo built > /built"]
            FROM busybox AS extra
            RUN exit 3
            FROM busybox
            COPY --from=build /built /bin/made-here /got/
            COPY --from=extra bin/made-here /extra
            """);

        await space.BuildAsync(context, "app", $"--build-context=tools={space["tree"]}", $"--build-context=extra={space["tree"]}");

        Assert.Equal("built\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/got/built"));
        Assert.Equal("made here\n", await space.SucceedAsync("run", "--rm", "app", "/extra"));
    }

    [JailFact]
    public async Task A_command_sees_a_directory_mounted_by_its_name()
    {
        await space.WithBusyboxAsync();
        space.Write("lib/sub/f", "mounted\n");
        var context = space.Context("""
            FROM busybox
            RUN --mount=type=bind,from=Lib,source=sub,target=/m cat /m/f > /bind
            RUN --mount=type=cache,from=lib,source=sub,target=/c cat /c/f > /cache
            """);
        var option = $"--build-context=lib={space["lib"]}";

        await space.BuildAsync(context, "app", option);

        Assert.Equal("mounted\nmounted\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/bind", "/cache"));
        Assert.DoesNotContain("--> Snapshot created", await space.BuildAsync(context, "app", option), StringComparison.Ordinal);
        space.Write("lib/sub/f", "changed\n");
        Assert.Contains("--> Snapshot created", await space.BuildAsync(context, "app", option), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task An_image_takes_the_place_of_another()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context("FROM busybox\nENV WHO=mine\nRUN echo mine > /who\n"), "mine:1");
        var context = space.Context("FROM alpine:latest\nCOPY --from=docker.io/library/debian /who /copied\nCMD cat /copied; echo $WHO\n");

        await space.BuildAsync(context, "app", "--build-context=alpine=image:mine:1", "--build-context=debian:latest=docker-image://mine:1");

        Assert.Equal("mine\nmine\n", await space.SucceedAsync("run", "--rm", "app"));
    }

    [JailFact]
    public async Task A_repository_and_an_archive_can_have_names_too()
    {
        await space.WithBusyboxAsync();
        using var git = new GitServer();
        using var web = new FileServer();
        git.Shell("mkdir sub; echo g > sub/f; ln -s 'the repo' ../repo");
        git.Commit();
        space.Shell("mkdir t; echo w > t/f; tar -C t -czf a.tgz f");
        web["/a"] = new ServedFile(await File.ReadAllBytesAsync(space["a.tgz"]));
        var context = space.Context("FROM busybox\nCOPY --from=git f /git\nCOPY --from=web f /web\n");

        await space.BuildAsync(context, "app", $"--build-context=git={git.Server}/repo#main:sub", $"--build-context=web={web.Address}/a");

        Assert.Equal("g\nw\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/git", "/web"));
    }

    [Theory]
    [InlineData("x", "--build-context 'x' has no tree; write NAME=DIRECTORY or NAME=image:REFERENCE")]
    [InlineData("=x", "--build-context '=x' has no name; write NAME=value")]
    [InlineData("x=no/such", "--build-context 'x=no/such': there is no directory 'no/such'")]
    [InlineData("x=oci:dir", "--build-context 'x=oci:dir': OCI layouts cannot be read yet; give a directory, an image of this machine or an archive")]
    public async Task What_is_no_tree_is_an_error(string value, string message)
    {
        var said = await space.FailAsync(2, "plan", "--build-context", value, space.Context("FROM a\n"));

        Assert.Equal($"error: {message}\n", said);
    }

    [Fact]
    public async Task A_name_that_is_nearly_one_of_the_callers_is_told()
    {
        space.MakeDirectory("lib");

        var said = await space.FailAsync(2, "plan", "--build-context", $"library={space["lib"]}", space.Context("FROM a\nCOPY --from=libary x /\n"));

        Assert.Contains("stage 'libary' is not defined; did you mean 'library'?", said, StringComparison.Ordinal);
    }
}
