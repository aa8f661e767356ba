namespace Kleene.Build.Cli.Tests;

/// <summary>Every kind of mount through the real executable, whatever keeps the trees: all drivers have to give the same.</summary>
internal static class MountWalk
{
    private const string Secret = "hunter2 is the password";

    private const string Kleenefile =
        """
        FROM busybox AS tools
        RUN mkdir -p /opt/tool/sub && echo '#!/bin/sh' > /opt/tool/run && echo 'echo tool ran' >> /opt/tool/run && chmod 750 /opt/tool/run && ln -s tool /opt/link
        FROM busybox
        WORKDIR /src
        RUN --mount=target=. cat 'a b.txt' deep/c > /out && test ! -e ignored && ! touch new 2>/dev/null
        RUN --mount=target=.,rw echo scribble > scribble && rm 'a b.txt' && ls >> /out
        RUN --mount=target=. ls >> /out
        RUN --mount=source=deep/c,target=/etc/settings/c cat /etc/settings/c >> /out && ls /etc/settings >> /out
        RUN --mount=from=tools,source=/opt/link,target=/t /t/run >> /out
        RUN --mount=from=busybox,target=/other,rw ls -d /other/bin/busybox >> /out && touch /other/mine
        RUN --mount=type=tmpfs,target=/m,size=1m busybox stat -f -c %T /m >> /out && ! busybox dd if=/dev/zero of=/m/big bs=1024 count=2000 2>/dev/null
        RUN --mount=type=cache,id=kept,target=/c echo one >> /c/log && cat /c/log >> /out
        RUN --mount=type=cache,id=kept,target=/c echo two >> /c/log && cat /c/log >> /out
        RUN --mount=type=cache,target=/d,uid=5,gid=6,mode=0701 busybox stat -c '%u:%g %a' /d >> /out
        RUN --mount=type=cache,target=/e,from=tools,source=opt/tool ls /e >> /out && ls -d /e/sub >> /out
        RUN --mount=type=secret,id=pass busybox stat -c '%u:%g %a %s' /run/secrets/pass >> /out && busybox sha256sum < /run/secrets/pass >> /out && cat /run/secrets/pass
        RUN --mount=type=secret,id=pass,target=key,mode=0444,uid=7,gid=8,env=PASS busybox stat -c '%u:%g %a' key >> /out && test "$PASS" = "$(cat key)" && busybox env
        RUN --mount=type=secret,id=other,env=OTHER test -z "$OTHER" && test ! -e /run/secrets
        RUN --mount=target=/all --mount=type=cache,id=kept,target=/all/deep/cache --mount=type=secret,id=pass,target=/all/secret ls /all /all/deep >> /out

        """;

    private const string Expected =
        """
        a
        c
        Kleenefile
        deep
        scribble
        Kleenefile
        a b.txt
        deep
        c
        c
        tool ran
        /other/bin/busybox
        tmpfs
        one
        one
        two
        5:6 701
        run
        sub
        /e/sub
        0:0 400 23
        afd3d14f9a98a6ebc7c8d4c9e5cf1d3b5d1f1e7a5f1b4ef27b1d40a44c1bb8f9  -
        7:8 444
        /all:
        Kleenefile
        a b.txt
        deep
        secret

        /all/deep:
        c
        cache

        """;

    public static async Task WalkAsync(KleeneSpace space)
    {
        await space.WithBusyboxAsync();
        space.Write("context/a b.txt", "a\n");
        space.Write("context/deep/c", "c\n");
        space.Write("context/ignored/d", "d\n");
        space.Write("context/.dockerignore", "ignored\n.dockerignore\n");
        var context = space.Context(Kleenefile);
        var secret = space.Write("pass word", Secret);

        var said = await space.BuildAsync(context, "app", "--secret", $"id=pass,src={secret}");

        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Secret)));
        var expected = string.Join('\n', Expected.Split('\n').Select(line => line.EndsWith("  -", StringComparison.Ordinal) ? $"{hash}  -" : line));
        Assert.Equal(expected, await space.SucceedAsync("run", "--rm", "app", "cat", "/out"));
        Assert.Contains("PASS=***", said, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, said, StringComparison.Ordinal);

        // Nothing of the mounts is left in the image: no mount point, no file that was written to one.
        Assert.Equal("bin\ndev\netc\nout\nproc\nsrc\nsys\ntmp\n", await space.SucceedAsync("run", "--rm", "app", "ls", "/"));
        Assert.Equal("", await space.SucceedAsync("run", "--rm", "app", "sh", "-c", "ls /src; ls /etc/settings /run 2>/dev/null || true"));
        Assert.DoesNotContain("--> Snapshot created", await space.BuildAsync(context, "app", "--secret", $"id=pass,src={secret}"), StringComparison.Ordinal);

        await TraceFinder.AssertNoTraceAsync(space.StateRoot, Secret);
        Assert.Equal(["cache-d.", "cache-e.", "cache-kept"], (await space.SucceedAsync("volume", "ls", "--format", "{{.name}}")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(name => name[..Math.Min(name.Length, name.IndexOf('.') is > 0 and var dot ? dot + 1 : name.Length)]));
        await space.SucceedAsync("volume", "prune");
        await space.SucceedAsync("image", "prune", "--all");
        StorageWalk.AssertIsEmpty(space);
    }
}
