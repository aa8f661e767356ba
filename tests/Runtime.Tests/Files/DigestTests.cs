using Kleene.Build.Runtime.Images;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Files;

public sealed class DigestTests
{
    private const string Text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    [Fact]
    public void A_digest_is_written_as_it_was_read()
    {
        Assert.Equal(Text, Digest.Parse(Text).ToString());
        Assert.Equal(Text["sha256:".Length..], Digest.Parse(Text).Hex);
        Assert.NotEqual(default, Digest.Parse(Text));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("sha256:")]
    [InlineData("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a")]
    [InlineData("sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData(" sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    public void Anything_else_is_none(string? text) => Assert.False(Digest.TryParse(text, out _));
}
