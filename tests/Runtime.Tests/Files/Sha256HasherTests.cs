using System.Security.Cryptography;
using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Files;

public sealed class Sha256HasherTests
{
    /// <summary>The examples of FIPS 180-4 and of NIST's validation suite.</summary>
    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    public void A_published_example_has_its_published_hash(string text, string hash) =>
        Assert.Equal("sha256:" + hash, Sha256Hasher.Hash(Encoding.ASCII.GetBytes(text)).ToString());

    [Fact]
    public void A_million_letters_have_their_published_hash()
    {
        var hasher = new Sha256Hasher();
        for (var i = 0; i < 1000; i++)
        {
            hasher.Append(Encoding.ASCII.GetBytes(new string('a', 1000)));
        }

        Assert.Equal("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", hasher.Finish().Hex);
    }

    [Fact]
    public void Random_content_in_random_pieces_has_the_hash_that_the_framework_finds()
    {
        var random = new Random(7);
        var hasher = new Sha256Hasher();
        for (var length = 0; length < 400; length++)
        {
            var content = new byte[length];
            random.NextBytes(content);
            for (var rest = content.AsSpan(); !rest.IsEmpty;)
            {
                var piece = random.Next(1, rest.Length + 1);
                hasher.Append(rest[..piece]);
                rest = rest[piece..];
            }

            Assert.Equal(new Digest(SHA256.HashData(content)), hasher.Finish());
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(3_000_000)]
    public void Content_hashes_the_same_by_the_library(int length)
    {
        var content = new byte[length];
        new Random(8).NextBytes(content);
        using var hasher = new ContentHasher();

        Assert.Equal(new Digest(SHA256.HashData(content)), hasher.Hash(new MemoryStream(content)));
        Assert.Equal(Sha256Hasher.Hash(content), hasher.Hash(new MemoryStream(content)));
    }
}
