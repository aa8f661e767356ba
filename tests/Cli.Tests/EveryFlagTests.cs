using System.Security.Cryptography;
using Kleene.Build.Testing.Approvals;
using Kleene.Build.Testing.Servers;
using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Cli.Tests;

/// <summary>One Kleenefile with every flag of COPY and ADD gives one tree, whatever keeps the trees.</summary>
[Collection(ZfsTests.Name)]
public sealed class EveryFlagTests(BtrfsFileSystem btrfs, ZfsPool zfs) : IClassFixture<BtrfsFileSystem>
{
    private static readonly DateTimeOffset Modified = new(2021, 2, 3, 4, 5, 6, TimeSpan.Zero);

    [OverlayFact]
    public async Task Overlay_gives_the_approved_tree()
    {
        using var space = new KleeneSpace();
        await CheckAsync(space);
    }

    [BtrfsFact]
    public async Task Btrfs_gives_the_approved_tree()
    {
        using var space = new KleeneSpace { Storage = "btrfs", Root = btrfs.NewDirectory() };
        await CheckAsync(space);
    }

    [ZfsFact]
    public async Task Zfs_gives_the_approved_tree()
    {
        using var space = new KleeneSpace { Storage = $"zfs:{(await zfs.NewDatasetAsync()).Dataset}" };
        await CheckAsync(space);
    }

    private static async Task CheckAsync(KleeneSpace space)
    {
        using var web = new FileServer();
        using var git = new GitServer();
        await space.WithBusyboxAsync();
        Context(space);
        git.Shell("mkdir sub; echo f > sub/f; echo r > run; chmod 755 run; ln -s sub/f link; ln -s 'the repo' ../repo");
        var commit = git.Commit();
        web["/tool%20kit.bin"] = new ServedFile("tool\n") { Modified = Modified };
        web["/a.tgz"] = new ServedFile(await File.ReadAllBytesAsync(space["context/a.tgz"])) { Modified = Modified };
        var digest = Convert.ToHexStringLower(SHA256.HashData("tool\n"u8));
        var context = space.Context($$"""
            FROM busybox AS make
            RUN mkdir -p /out/deep; echo made > /out/deep/f; chown 12:13 /out/deep/f; chmod 4751 /out/deep/f; ln -s f /out/deep/l; touch -h -d '2020-01-02 03:04:05' /out/deep/f /out/deep/l /out/deep
            FROM busybox
            WORKDIR /w
            COPY --from=make /out from-name/
            COPY --from=0 --chown=web:www --chmod=0640 /out/deep/f from-number/f
            COPY --from=busybox /etc/group from-image
            COPY --from=lib --exclude=**/*.o --exclude=!keep.o . from-context/
            COPY --chmod=u=rwX,go=rX --chown=:logs tree chmod/
            COPY --parents tree/sub/./in/* tree/*.txt parents/
            COPY --if-exists missing tree/top.txt if-exists/
            RUN mkdir real; ln -s real followed; ln -s real replaced; touch -h -d '2020-01-02 03:04:05' followed from-image
            COPY --link tree/top.txt /w/replaced/
            COPY tree/top.txt /w/followed/
            COPY ["tree/two words", "../tree/top.txt", "several/"]
            COPY --chown=7 <<text <<-'raw' heredocs/
            $HOME is ${WHO:-nobody}
            text
            	$HOME
            raw
            ADD a.tgz /add/unpacked
            ADD --unpack=false --chmod=600 a.tgz /add/packed/
            ADD --chown=web a.tgz tree/top.txt /add/mixed/
            ADD --link --checksum=sha256:{{digest}} {{web.Address}}/tool%20kit.bin /add/web/
            ADD --unpack {{web.Address}}/a.tgz /add/web-unpacked
            ADD --exclude=link --checksum={{commit[..7]}} {{git.Server}}/repo#main /add/git
            ADD --keep-git-dir {{git.Server}}/repo?subdir=sub&keep-git-dir=1 /add/git-sub/
            """);

        await space.BuildAsync(context, "app", $"--build-context=lib={space["lib"]}");

        var tree = await space.SucceedAsync("run", "--rm", "app", "sh", "-c", """
            for place in /w /add; do
              /bin/busybox find $place -type d -exec stat -c '%n/ %a %u:%g' {} +
              /bin/busybox find $place ! -type d -exec stat -c '%N %a %u:%g %s %Y' {} +
            done | /bin/busybox sort
            """);
        Approved.Matches(tree, Path.Join(KleeneSpace.Repository, "tests/Cli.Tests/testdata/every-flag.approved.txt"));
        Assert.DoesNotContain("--> Snapshot created", await space.BuildAsync(context, "app", $"--build-context=lib={space["lib"]}"), StringComparison.Ordinal);
    }

    /// <summary>In whole seconds: more zfs-fuse does not keep.</summary>
    private static void Context(KleeneSpace space) => space.Shell("""
        mkdir -p context/tree/sub/in lib/obj t/d; cd context
        echo top > tree/top.txt; echo two > 'tree/two words'; echo in > tree/sub/in/f; ln -s f tree/sub/in/l; echo '#!' > tree/run
        chmod 600 tree/top.txt; chmod 711 tree/run; chmod 2750 tree/sub; cd ..
        echo a > lib/obj/a.o; echo k > lib/keep.o; echo c > lib/obj/c
        echo d > t/d/f; chmod 640 t/d/f; chmod 1770 t/d; ln t/d/f t/d/hard; ln -s f t/d/soft; mkfifo t/d/fifo
        find context lib t -exec touch -h -d '2019-05-06 07:08:09 UTC' {} +
        tar -C t --owner=14 --group=15 --mtime='2018-01-01 00:00:00 UTC' --sort=name -cf a.tar d; gzip -n -c a.tar > context/a.tgz; touch -d '2019-05-06 07:08:09 UTC' context/a.tgz
        """);
}
