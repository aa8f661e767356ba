using Kleene.Build.Builder.Contexts;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Builder.Tests.Contexts;

public sealed class StatCacheTests : IDisposable
{
    private static readonly Digest Some = Sha256Hasher.Hash("some"u8);
    private static readonly Digest Other = Sha256Hasher.Hash("other"u8);
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static readonly FileStatus Old = new()
    {
        Mode = 0x81a4,
        Size = 12,
        Device = 7,
        Inode = 99,
        Modified = new FileTime(1_000_000_000, 5),
        Changed = new FileTime(1_000_000_000, 6),
    };

    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void A_file_that_did_not_change_is_known_to_the_next_build()
    {
        var first = Load();
        first.Add(Old, Some);
        first.Save();

        Assert.True(Load().TryGet(Old, out var digest));
        Assert.Equal(Some, digest);
    }

    public static TheoryData<string, FileStatus> Changes => new()
    {
        { "size", Old with { Size = 13 } },
        { "modified", Old with { Modified = new FileTime(1_000_000_000, 6) } },
        { "changed", Old with { Changed = new FileTime(1_000_000_000, 7) } },
        { "inode", Old with { Inode = 100 } },
        { "device", Old with { Device = 8 } },
    };

    [Theory, MemberData(nameof(Changes))]
    public void A_file_that_changed_is_not_known(string what, FileStatus changed)
    {
        var first = Load();
        first.Add(Old, Some);
        first.Save();

        Assert.False(Load().TryGet(changed, out _), what);
    }

    [Theory]
    [InlineData(-1_000, 1, true)]
    [InlineData(-60, 1, true)]
    [InlineData(-40, 1, false)]
    [InlineData(0, 1, false)]
    [InlineData(5_000, 1, false)]
    [InlineData(-1_000, 0, false)]
    [InlineData(-3_000, 0, true)]
    public void A_file_that_changed_within_the_clocks_grain_is_not_trusted(int millisecondsFromNow, int nanoseconds, bool isTrusted)
    {
        var changed = Now.AddMilliseconds(millisecondsFromNow);
        var ticks = (changed - DateTimeOffset.UnixEpoch).Ticks;
        var young = Old with
        {
            Changed = new FileTime(ticks / TimeSpan.TicksPerSecond, (uint)(((ticks % TimeSpan.TicksPerSecond) * TimeSpan.NanosecondsPerTick) + nanoseconds)),
        };
        var first = Load();
        first.Add(young, Some);
        first.Save();

        Assert.Equal(isTrusted, Load().TryGet(young, out _));
    }

    [Fact]
    public void A_changed_file_takes_the_place_of_what_was_known_of_it()
    {
        var first = Load();
        first.Add(Old, Some);
        first.Save();
        var changed = Old with { Size = 50 };
        var second = Load();
        Assert.False(second.TryGet(changed, out _));
        second.Add(changed, Other);
        second.Save();

        var third = Load();

        Assert.False(third.TryGet(Old, out _));
        Assert.True(third.TryGet(changed, out var digest));
        Assert.Equal(Other, digest);
    }

    [Fact]
    public void A_file_that_no_build_asks_for_is_forgotten_after_a_while()
    {
        var first = Load();
        first.Add(Old, Some);
        first.Save();

        for (var build = 1UL; build <= 7; build++)
        {
            Rewrite(build);
        }

        Assert.True(Load().TryGet(Old, out _));
        for (var build = 8UL; build <= 20; build++)
        {
            Rewrite(build);
        }

        Assert.False(Load().TryGet(Old, out _));

        void Rewrite(ulong build)
        {
            var cache = Load();
            cache.Add(Old with { Inode = 1000 + build }, Other);
            cache.Save();
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(10, 0)]
    [InlineData(24, 0)]
    [InlineData(70, 0)]
    [InlineData(0, 0xff)]
    [InlineData(30, 0xff)]
    [InlineData(-1, 0xff)]
    public void A_damaged_file_counts_as_empty_and_is_written_anew(int at, int flip)
    {
        var first = Load();
        first.Add(Old, Some);
        first.Save();
        var bytes = File.ReadAllBytes(scratch["contexts/c"]);
        var position = at < 0 ? bytes.Length + at : at;
        bytes[position] ^= (byte)flip;
        File.WriteAllBytes(scratch["contexts/c"], flip == 0 ? bytes[..position] : bytes);

        var second = Load();
        Assert.False(second.TryGet(Old, out _));
        second.Add(Old, Other);
        second.Save();

        Assert.True(Load().TryGet(Old, out var digest));
        Assert.Equal(Other, digest);
    }

    [Fact]
    public void What_a_killed_build_left_half_written_is_no_hindrance()
    {
        scratch.Write("contexts/c.new", "half");
        var first = Load();
        first.Add(Old, Some);
        first.Save();

        Assert.True(Load().TryGet(Old, out _));
        Assert.Equal(["c"], Directory.GetFiles(scratch["contexts"]).Select(Path.GetFileName));
    }

    [Fact]
    public void A_cache_that_cannot_be_written_does_not_fail_the_build()
    {
        scratch.Write("contexts", "a file where the directory has to be");
        var cache = Load();
        cache.Add(Old, Some);

        cache.Save();

        Assert.Equal("a file where the directory has to be", File.ReadAllText(scratch["contexts"]));
    }

    [Fact]
    public async Task Builds_that_save_at_once_leave_a_whole_file()
    {
        await Task.WhenAll(Enumerable.Range(1, 8).Select(build => Task.Run(() =>
        {
            for (var round = 0; round < 20; round++)
            {
                var cache = Load();
                cache.TryGet(Old, out _);
                cache.Add(Old with { Inode = (ulong)((build * 1000) + round) }, Other);
                cache.Save();
            }
        })));

        var last = Load();

        Assert.Contains(Enumerable.Range(1, 8), build => Enumerable.Range(0, 20).Any(round => last.TryGet(Old with { Inode = (ulong)((build * 1000) + round) }, out _)));
    }

    [Fact]
    public void Thousands_of_files_are_found_again()
    {
        var first = Load();
        for (var i = 0UL; i < 5000; i++)
        {
            first.Add(Old with { Inode = i, Size = (long)i }, Sha256Hasher.Hash(BitConverter.GetBytes(i)));
        }

        first.Save();
        var second = Load();

        for (var i = 0UL; i < 5000; i++)
        {
            Assert.True(second.TryGet(Old with { Inode = i, Size = (long)i }, out var digest));
            Assert.Equal(Sha256Hasher.Hash(BitConverter.GetBytes(i)), digest);
        }
    }

    /// <summary>The content of a real file that is rewritten in place with the same size and modification time is read again.</summary>
    [Fact]
    public void A_real_file_that_was_changed_behind_the_clocks_back_is_read_again()
    {
        scratch.Write("c/file", "old");
        scratch.Shell("touch -d '2020-01-01' c/file");
        using var root = RootedDirectory.Open(scratch["c"]);
        var first = StatCache.Open(scratch["contexts/c"], new FixedTime(DateTimeOffset.UtcNow.AddHours(1)));
        var before = Digest(root, first);
        first.Save();

        scratch.Shell("printf new > c/file; touch -d '2020-01-01' c/file");

        var second = StatCache.Open(scratch["contexts/c"], new FixedTime(DateTimeOffset.UtcNow.AddHours(1)));
        Assert.NotEqual(before, Digest(root, second));
    }

    private static Digest Digest(RootedDirectory root, StatCache cache)
    {
        var digester = new TreeDigester(root, cache, CancellationToken.None);
        digester.AddContents("", filter: null);
        return digester.Finish();
    }

    private StatCache Load() => StatCache.Open(scratch["contexts/c"], new FixedTime(Now));

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
