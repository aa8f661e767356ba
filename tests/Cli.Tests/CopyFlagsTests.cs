using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>The flags of COPY, by what a container of the image sees.</summary>
public sealed class CopyFlagsTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task Owners_are_those_of_the_image_and_modes_those_that_were_asked_for()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("""
            FROM busybox AS make
            RUN echo made > /made; chmod 600 /made
            FROM busybox
            RUN echo 'app:x:4242:9::/:/bin/sh' >> /etc/passwd
            ARG MODE=u=rwX,go=rX
            COPY --chown=app:logs --chmod=4750 ["a b.txt", "/new/dir/"]
            COPY --chown=app --chmod=$MODE tree /tree/
            COPY --from=make --chown=web:www made /made
            """);
        space.Write("context/a b.txt", "x");
        File.SetUnixFileMode(space.Write("context/tree/sub/run", "x"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.SetUnixFileMode(space.Write("context/tree/sub/text", "x"), UnixFileMode.UserRead);

        await space.BuildAsync(context, "app");

        Assert.Equal(
            """
            /new 750 4242:1002
            /new/dir 750 4242:1002
            /new/dir/a b.txt 4750 4242:1002
            /tree 755 4242:9
            /tree/sub 755 4242:9
            /tree/sub/run 755 4242:9
            /tree/sub/text 644 4242:9
            /made 600 1000:1001

            """,
            await LookAsync("/new /new/dir /new/dir/* /tree /tree/sub /tree/sub/* /made"));
        Assert.DoesNotContain("--> Snapshot created", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task Another_owner_or_mode_is_another_step()
    {
        await space.WithBusyboxAsync();
        space.Write("context/f", "x");
        await space.BuildAsync(space.Context("FROM busybox\nCOPY --chown=1 --chmod=600 f /f\n"), "app");

        await space.BuildAsync(space.Context("FROM busybox\nCOPY --chown=1 --chmod=640 f /f\n"), "app");
        Assert.Equal("/f 640 1:1\n", await LookAsync("/f"));

        await space.BuildAsync(space.Context("FROM busybox\nCOPY --chown=2 --chmod=640 f /f\n"), "app");
        Assert.Equal("/f 640 2:2\n", await LookAsync("/f"));
    }

    [JailFact]
    public async Task An_owner_that_the_image_does_not_know_fails_the_step_with_the_nearest()
    {
        await space.WithBusyboxAsync();
        space.Write("context/f", "x");
        var context = space.Context("FROM busybox\nCOPY --chown=wep:www f /f\n");

        var said = await space.FailAsync(1, "build", "--progress", "plain", context);

        Assert.Contains(
            "error: Kleenefile:2: COPY --chown=wep:www f /f: the user 'wep' is not in /etc/passwd of the image; did you mean 'web'?", said, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_working_directory_belongs_to_the_user_in_force()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nWORKDIR /a\nUSER web\nWORKDIR /b/c\nUSER 7:8\nWORKDIR d\nUSER nobody-yet\nWORKDIR /e\nUSER 0\nCMD true\n");

        await space.BuildAsync(context, "app");

        Assert.Equal(
            "/a 755 0:0\n/b 755 1000:1001\n/b/c 755 1000:1001\n/b/c/d 755 7:8\n/e 755 0:0\n",
            await LookAsync("/a /b /b/c /b/c/d /e"));
    }

    [JailFact]
    public async Task What_is_excluded_is_not_in_the_image_and_may_change()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("""
            FROM busybox AS make
            RUN mkdir -p /out/sub; touch /out/keep /out/a.tmp /out/sub/b.tmp "/out/sub/two words"
            FROM busybox
            ARG WHAT=log
            COPY --exclude=**/*.$WHAT --exclude="!sub/important.log" src /src/
            COPY --from=make --exclude=**/*.tmp --exclude="sub/two words" --chmod=600 /out /out/
            """);
        space.Write("context/src/a", "");
        space.Write("context/src/a.log", "");
        space.Write("context/src/sub/important.log", "");
        space.Write("context/src/sub/b.log", "");
        await space.BuildAsync(context, "app");
        space.Write("context/src/sub/b.log", "changed");

        Assert.DoesNotContain("--> Snapshot created", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
        Assert.Equal("/src:\na\nsub\n\n/src/sub:\nimportant.log\n", await space.SucceedAsync("run", "--rm", "app", "ls", "-R", "/src"));
        Assert.Equal("/out:\nkeep\nsub\n\n/out/sub:\n", await space.SucceedAsync("run", "--rm", "app", "ls", "-R", "/out"));
    }

    [JailFact]
    public async Task A_linked_copy_replaces_the_links_that_another_follows_unless_it_sets_a_mode()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("""
            FROM busybox
            RUN mkdir /real; ln -s real /one; ln -s real /two; ln -s real /three
            COPY f /one/
            COPY --link --chown=web f /two/
            COPY --link=false f /three/g
            COPY --link --chmod=640 f /three/h
            """);
        space.Write("context/f", "x");

        await space.BuildAsync(context, "app");

        Assert.Equal("real\nreal\n", await space.SucceedAsync("run", "--rm", "app", "sh", "-c", "for at in /one /two /three; do readlink $at; done; true"));
        Assert.Equal("/real/f 644 0:0\n/real/g 644 0:0\n/real/h 640 0:0\n/two/f 644 1000:1001\n", await LookAsync("/real/* /two/*"));
    }

    /// <summary>Path, mode and owner of each, in the order of the shell.</summary>
    private Task<string> LookAsync(string paths) => space.SucceedAsync("run", "--rm", "app", "sh", "-c", $"stat -c '%n %a %u:%g' {paths}");
}
