using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Files;

/// <summary>Trees that change under the digester. What a digest means is shown where COPY is.</summary>
public sealed class TreeDigesterTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void A_file_that_vanishes_after_it_was_listed_is_named()
    {
        scratch.Write("d/a\nb", "x");
        scratch.Write("d/z", "x");
        var filter = new Intruder(() => File.Delete(scratch["d/a\nb"]));

        var exception = Assert.Throws<FileChangedException>(() => Hash(filter, filter));

        Assert.Equal("'a\\nb' changed while it was being read; try again when nothing writes to it", exception.Message);
    }

    [Fact]
    public void A_file_that_vanishes_after_it_was_looked_at_is_named()
    {
        scratch.Write("d/sub/file", "x");
        var cache = new Intruder(() => File.Delete(scratch["d/sub/file"]));

        var exception = Assert.Throws<FileChangedException>(() => Hash(cache, filter: null));

        Assert.Equal("'sub/file' changed while it was being read; try again when nothing writes to it", exception.Message);
    }

    [Fact]
    public void A_file_that_becomes_a_link_or_fifo_is_not_read()
    {
        foreach (var change in new[] { "rm d/file; ln -s /etc/passwd d/file", "rm d/file; mkfifo d/file" })
        {
            scratch.Shell("rm -rf d; mkdir d; echo x > d/file");
            var cache = new Intruder(() => scratch.Shell(change));

            Assert.ThrowsAny<KleeneException>(() => Hash(cache, filter: null));
        }
    }

    [Fact]
    public void A_file_that_is_written_while_it_is_read_is_read_again_and_remembered_as_it_is_now()
    {
        scratch.Write("d/file", "short");
        var cache = new Intruder(() => scratch.Write("d/file", "somewhat longer"));
        var digest = Hash(cache, filter: null);

        Assert.Equal(Hash(new Intruder(() => { }), filter: null), digest);
        Assert.Equal([15L], cache.Remembered);
    }

    [Fact]
    public void What_the_cache_knows_is_not_read()
    {
        scratch.Write("d/file", "x");
        scratch.Write("e/file", "x");
        var known = new Intruder(() => { }) { Known = Sha256Hasher.Hash("y"u8) };

        Assert.NotEqual(Hash(new Intruder(() => { }), filter: null), Hash(known, filter: null));
        Assert.Empty(known.Remembered);
    }

    [Fact]
    public void A_cancelled_digest_stops()
    {
        scratch.Write("d/file", "x");
        using var root = RootedDirectory.Open(scratch["d"]);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var digester = new TreeDigester(root, cache: null, cancelled.Token);
        digester.AddContents("", filter: null);

        Assert.Throws<OperationCanceledException>(() => digester.Finish());
    }

    [Fact]
    public void A_source_that_does_not_exist_is_named()
    {
        using var root = RootedDirectory.Open(scratch.Path);
        var digester = new TreeDigester(root, cache: null, CancellationToken.None);
        digester.AddContents("no/where", filter: null);

        Assert.Contains("'no/where'", Assert.ThrowsAny<KleeneException>(() => digester.Finish()).Message, StringComparison.Ordinal);
    }

    private Digest Hash(IDigestCache cache, ITreeFilter? filter)
    {
        using var root = RootedDirectory.Open(scratch["d"]);
        var digester = new TreeDigester(root, cache, CancellationToken.None);
        digester.AddContents("", filter);
        return digester.Finish();
    }

    /// <summary>Somebody who changes a file just after the digester has looked at it; once.</summary>
    private sealed class Intruder(Action change) : IDigestCache, ITreeFilter
    {
        private bool done;

        public Digest? Known { get; init; }

        /// <summary>The sizes of the files whose digests were remembered.</summary>
        public List<long> Remembered { get; } = [];

        public bool TryGet(in FileStatus status, out Digest digest)
        {
            Act();
            digest = Known ?? default;
            return Known is not null;
        }

        public void Add(in FileStatus status, Digest digest) => Remembered.Add(status.Size);

        public TreeVerdict Judge(ReadOnlySpan<byte> name, bool isDirectory)
        {
            Act();
            return TreeVerdict.Include;
        }

        public ITreeFilter? Enter(ReadOnlySpan<byte> name) => this;

        private void Act()
        {
            if (!done)
            {
                done = true;
                change();
            }
        }
    }
}
