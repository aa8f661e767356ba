using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Tests.Execution;
using Kleene.Build.Runtime;
using Kleene.Build.Testing;

namespace Kleene.Build.Builder.Tests.Contexts;

/// <summary>Edits that have fooled caches: a build over a warm store has what is there now, and does not run what nothing has changed for.</summary>
public sealed class ContextEditTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly BuildHarness harness;

    public ContextEditTests() => harness = new BuildHarness(scratch.MakeDirectory("c"));

    public void Dispose()
    {
        harness.Dispose();
        scratch.Dispose();
    }

    [Theory]
    // Changed content under the old time and size.
    [InlineData("touch -r c/f ref; echo new > c/f; touch -r ref c/f", "new")]
    [InlineData("touch -r c/f ref; printf 'neu\\n' | dd of=c/f conv=notrunc status=none; touch -r ref c/f", "neu")]
    // Another file under the name, as editors and checkouts put it there, older than the one before.
    [InlineData("echo new > c/.f.swp; touch -d 2001-02-03 c/.f.swp; mv c/.f.swp c/f", "new")]
    [InlineData("touch -r c/f ref; echo new > elsewhere; touch -r ref elsewhere; mv elsewhere c/f", "new")]
    // Clocks that went back, or are ahead.
    [InlineData("echo new > c/f; touch -d 1999-12-31 c/f", "new")]
    [InlineData("echo new > c/f; touch -d 2037-01-01 c/f", "new")]
    // Written by another of its names.
    [InlineData("touch -r c/f ref; ln c/f other; echo new > other; touch -r ref other; rm other", "new")]
    [InlineData("echo new > other; touch -r c/f other; rm c/f; ln other c/f", "new")]
    // A link in its place, and what the link leads to.
    [InlineData("rm c/f; echo new > c/g; ln -s g c/f", "new")]
    // Away, and somebody else there.
    [InlineData("rm c/f; mkdir c/f; echo new > c/f/x; mv c/f/x c/x; rmdir c/f; mv c/x c/f", "new")]
    public async Task What_changed_is_built_anew(string edit, string content)
    {
        await BuildTwiceAsync("COPY f /f");

        scratch.Shell(edit);
        var events = await BuildAsync("COPY f /f");

        Assert.Equal([1], BuildHarness.Ran(events));
        Assert.Equal(content, (await harness.ReadAsync(BuildHarness.ImageOf(events).Snapshot, "f"))?.TrimEnd());
    }

    [Theory]
    [InlineData("touch c/f")]
    [InlineData("cp -p c/f t; rm c/f; mv t c/f")]
    [InlineData("cat c/f > t; mv t c/f; chmod 644 c/f")]
    [InlineData("ln c/f elsewhere")]
    [InlineData("mv c/f t; mv t c/f")]
    public async Task What_is_as_it_was_is_not_built_again(string edit)
    {
        await BuildTwiceAsync("COPY f /f");

        scratch.Shell(edit);

        Assert.Equal([1], BuildHarness.Cached(await BuildAsync("COPY f /f")));
    }

    [Fact]
    public async Task A_name_that_changes_only_in_its_case_is_another()
    {
        await BuildTwiceAsync("COPY . /d");

        scratch.Shell("mv c/f c/F");
        var events = await BuildAsync("COPY . /d");

        Assert.Equal([1], BuildHarness.Ran(events));
        var snapshot = BuildHarness.ImageOf(events).Snapshot;
        Assert.Equal(("old\n", null), (await harness.ReadAsync(snapshot, "d/F"), await harness.ReadAsync(snapshot, "d/f")));
    }

    [Fact]
    public async Task Two_names_that_become_one_file_are_built_anew_and_again_when_they_part()
    {
        scratch.Shell("echo old > c/g");
        await BuildTwiceAsync("COPY . /d");

        scratch.Shell("rm c/g; ln c/f c/g");
        var linked = await BuildAsync("COPY . /d");
        scratch.Shell("rm c/g; cp c/f c/g");
        var parted = await BuildAsync("COPY . /d");

        Assert.Equal([1], BuildHarness.Ran(linked));
        Assert.Equal([1], BuildHarness.Cached(parted));
        Assert.Equal(2, await LinksAsync(BuildHarness.ImageOf(linked).Snapshot));
        Assert.Equal(1, await LinksAsync(BuildHarness.ImageOf(parted).Snapshot));
    }

    /// <summary>To the superuser only a broken disk is unreadable: a file system whose device was cut off behind its beginning.</summary>
    [RootFact]
    public async Task What_cannot_be_read_fails_the_build_and_is_not_taken_for_what_it_was()
    {
        await BuildTwiceAsync("COPY . /d");
        scratch.Shell("mkdir c/disk; truncate -s 8M image; mkfs.ext4 -q -O ^has_journal image; mount -o loop image c/disk");
        try
        {
            scratch.Shell("dd if=/dev/urandom of=c/disk/f bs=1M count=6 status=none; umount c/disk");

            // The device of the first mount is given back a moment later.
            scratch.Shell("for again in 1 2 3 4 5 6 7 8 9; do mount -o loop,ro image c/disk && break; sleep 0.3; done; truncate -s 2M image");

            var error = await Assert.ThrowsAsync<KleeneException>(() => BuildAsync("COPY . /d"));

            Assert.Contains("cannot read 'disk/f': input/output error", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            // Lazily: what failed may still have it open.
            scratch.Shell("! mountpoint -q c/disk || umount -l c/disk; rmdir c/disk");
        }

        Assert.Equal([1], BuildHarness.Cached(await BuildAsync("COPY . /d")));
    }

    [Fact]
    public async Task A_pipe_in_the_place_of_a_file_is_copied_as_one_and_nobody_waits_for_its_writer()
    {
        await BuildTwiceAsync("COPY . /d");

        scratch.Shell("rm c/f; mkfifo c/f");

        Assert.Equal([1], BuildHarness.Ran(await BuildAsync("COPY . /d")));
    }

    private async Task BuildTwiceAsync(string instruction)
    {
        await harness.AddBaseAsync();
        scratch.Shell("echo old > c/f; chmod 644 c/f; touch -d '1 hour ago' c/f");
        await BuildAsync(instruction);
        Assert.Equal([1], BuildHarness.Cached(await BuildAsync(instruction)));
    }

    private Task<List<BuildEvent>> BuildAsync(string instruction) => harness.BuildAsync($"FROM base\n{instruction}\n");

    private async Task<int> LinksAsync(Kleene.Build.Runtime.Storage.SnapshotId snapshot)
    {
        await using var view = await harness.Snapshots.OpenAsync(snapshot, CancellationToken.None);
        return int.Parse(scratch.Shell($"stat -c %h '{view.Path}/d/f'"), System.Globalization.CultureInfo.InvariantCulture);
    }
}
