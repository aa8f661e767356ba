using System.Text;
using Kleene.Build.Runtime.Archives;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Archives;

public sealed class DecompressionTests
{
    public static TheoryData<string, string[]> Packers => new()
    {
        { "cat", [] },
        { "gzip", ["-c"] },
        { "gzip", ["-c", "-1", "--rsyncable"] },
        { "bzip2", ["-c"] },
        { "xz", ["-c"] },
        { "xz", ["-c", "-9e", "--check=crc32"] },
        { "xz", ["-c", "-T2", "--block-size=10000"] },
        { "zstd", ["-c", "-q"] },
        { "zstd", ["-c", "-q", "-19", "--check", "--long=27"] },
    };

    [Theory, MemberData(nameof(Packers))]
    public void What_the_real_tools_packed_comes_out_as_it_was(string program, string[] arguments)
    {
        var content = Sample(300_000);

        var packed = HostTool.Run(program, content, arguments);

        Assert.Equal(content, Unpack(packed));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("xz")]
    [InlineData("zstd")]
    public void Packed_files_may_follow_each_other(string program)
    {
        byte[] packed = [.. HostTool.Run(program, "first "u8.ToArray(), "-c"), .. HostTool.Run(program, "second"u8.ToArray(), "-c")];

        Assert.Equal("first second", Encoding.UTF8.GetString(Unpack(packed)));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("xz")]
    [InlineData("zstd")]
    public void A_packed_file_cut_off_anywhere_is_an_error(string program)
    {
        var packed = HostTool.Run(program, Sample(20_000), "-c");
        var recognised = program == "bzip2" ? 10 : 6;

        for (var length = recognised; length < packed.Length; length += 1 + (length / 40))
        {
            Assert.Throws<ArchiveException>(() => Unpack(packed[..length]));
        }

        Assert.Throws<ArchiveException>(() => Unpack(packed[..^1]));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("bzip2")]
    [InlineData("xz")]
    [InlineData("zstd")]
    public void Damaged_data_are_an_error_or_what_they_were(string program)
    {
        var content = Sample(20_000);
        var packed = HostTool.Run(program, content, program == "zstd" ? ["-c", "--check"] : ["-c"]);
        var random = new Random(20260101);
        for (var round = 0; round < 300; round++)
        {
            var damaged = packed.ToArray();
            damaged[random.Next(10, damaged.Length)] ^= (byte)(1 << random.Next(8));

            try
            {
                // A flipped bit in a header's comment or padding changes nothing.
                Assert.Equal(content, Unpack(damaged));
            }
            catch (ArchiveException)
            {
            }
        }
    }

    [Fact]
    public void An_empty_file_is_called_so()
    {
        var error = Assert.Throws<ArchiveException>(() => Unpack([]));

        Assert.Contains("empty", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_skippable_frame_before_the_first_is_skipped()
    {
        byte[] packed = [0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3, .. HostTool.Run("zstd", "data"u8.ToArray(), "-c")];

        Assert.Equal("data", Encoding.UTF8.GetString(Unpack(packed)));
    }

    [Fact]
    public void What_follows_a_packed_file_and_is_none_is_an_error()
    {
        byte[] packed = [.. HostTool.Run("zstd", "data"u8.ToArray(), "-c"), .. "garbage"u8];

        Assert.Throws<ArchiveException>(() => Unpack(packed));
    }

    [Fact]
    public void A_missing_library_is_named_with_what_to_install()
    {
        var error = Assert.Throws<KleeneException>(() => new WithoutLibrary());

        Assert.Contains("liblzma.so.5", error.Message, StringComparison.Ordinal);
        Assert.Contains("install the package 'liblzma5'", error.Message, StringComparison.Ordinal);
    }

    internal static byte[] Unpack(byte[] packed)
    {
        using var stream = Decompression.Open(new MemoryStream(packed));
        using var content = new MemoryStream();
        stream.CopyTo(content, 1000);
        return content.ToArray();
    }

    /// <summary>Half text that packs well and half noise that does not.</summary>
    private static byte[] Sample(int length)
    {
        var content = new byte[length];
        new Random(7).NextBytes(content);
        for (var i = 0; i < length / 2; i++)
        {
            content[i] = (byte)"the quick brown fox\r\n"[i % 21];
        }

        return content;
    }

    private sealed class WithoutLibrary() : DecoderStream(new PeekStream(Stream.Null), Load<string>("liblzma.so.5", "liblzma5", () => throw new DllNotFoundException("xz")))
    {
        protected override DecoderStep Decode(ReadOnlySpan<byte> data, Span<byte> output, bool inputEnded) => default;

    }
}
