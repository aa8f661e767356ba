using System.Text.RegularExpressions;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>On a small file system of its own: every command says in one line what is missing, leaves nothing half made, and works again afterwards.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly KleeneSpace files = new();
    private readonly KleeneSpace space;

    public FullDiskTests() => space = new KleeneSpace { Root = scratch["disk/state"] };

    public void Dispose()
    {
        if (Directory.Exists(scratch["disk/state"]))
        {
            scratch.Shell("umount disk");
        }

        space.Dispose();
        files.Dispose();
        scratch.Dispose();
    }

    [JailTheory]
    [InlineData("-N 1500", "i=0; while touch disk/fill/$i 2> /dev/null; do i=$((i+1)); done")]
    [InlineData("-N 4000", "dd if=/dev/zero of=disk/fill/x bs=64k 2> /dev/null || true; dd if=/dev/zero of=disk/fill/y bs=1k 2> /dev/null || true")]
    public async Task A_full_disk_is_told_and_nothing_half_made_stays(string options, string fill)
    {
        // Blocks as large as pages: SQLite makes sure of one block for each page of the memory that its users share, and smaller ones end in SIGBUS.
        scratch.Shell($"truncate -s 48M image; PATH=$PATH:/sbin:/usr/sbin; mkfs.ext4 -q -m 0 -b 4096 {options} image; mkdir disk; mount -o loop image disk; mkdir disk/fill");
        await space.WithBusyboxAsync();
        await space.SucceedAsync("run", "--name", "box", "busybox", "sh", "-c", "busybox dd if=/dev/urandom of=/large bs=1M count=1 2> /dev/null; for i in 1 2 3 4 5 6 7 8; do echo $i > /n$i; done");
        await space.SucceedAsync("ps", "-q");
        files.Shell("mkdir in; for i in $(seq 300); do echo $i > in/$i; done; dd if=/dev/urandom of=in/large bs=1M count=1 2> /dev/null; tar cf in.tar in");
        var context = files.Context("FROM busybox\nCOPY . /copied\nRUN busybox dd if=/dev/urandom of=/made bs=1M count=1 && mkdir /a /b /c /d /e /f /g /h\n");
        files.Shell("cp -r in context/");
        scratch.Shell(fill);

        foreach (var command in (string[][])
        [
            ["build", "--rm", "-t", "app", context],
            ["run", "--rm", "busybox", "sh", "-c", "mkdir /x && busybox dd if=/dev/urandom of=/x/y bs=1M count=1"],
            ["volume", "import", "data", files["in.tar"]],
            ["cp", files["in"], "box:/"],
            ["commit", "box", "made"],
        ])
        {
            var result = await space.RunAsync(command);
            Assert.False(result.Exit.Success, string.Join(' ', command));
            Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
            Assert.True(Regex.IsMatch(result.Error, "(?i)no space left on device|disk is full"), $"{string.Join(' ', command)}: {result.Exit}\n{result.Error}");
            if (command[0] != "run")
            {
                Assert.Contains("'kleene image prune'", result.Error, StringComparison.Ordinal);
            }
        }

        scratch.Shell("rm -r disk/fill");

        await space.SucceedAsync("rm", "-f", "box");
        await space.AssertCleanAsync();
        await space.BuildAsync(context, "app");
        await space.SucceedAsync("volume", "import", "data", files["in.tar"]);
        await space.SucceedAsync("run", "--name", "box", "-v", "data:/data", "app", "true");
        await space.SucceedAsync("cp", files["in"], "box:/new");
        await space.SucceedAsync("commit", "box", "made");
        Assert.Equal("7\n", await space.SucceedAsync("run", "--rm", "made", "cat", "/new/7"));
        await space.AssertCleanAsync();
    }
}
