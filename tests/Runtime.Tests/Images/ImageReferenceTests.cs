using Kleene.Build.Runtime.Images;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Images;

public sealed class ImageReferenceTests
{
    [Theory]
    [InlineData("app", "app", "latest", null, false)]
    [InlineData("app:1.2-rc_3", "app", "1.2-rc_3", null, true)]
    [InlineData("a/b/c:x", "a/b/c", "x", null, true)]
    [InlineData("localhost:5000/app", "localhost:5000/app", "latest", null, false)]
    [InlineData("localhost:5000/a/b:1", "localhost:5000/a/b", "1", null, true)]
    [InlineData("app:5000", "app", "5000", null, true)]
    [InlineData("app@0123456789ab", "app", "latest", "0123456789ab", false)]
    [InlineData("app:failed@dirty", "app", "failed", "dirty", true)]
    [InlineData("host.example:443/a:1@ab", "host.example:443/a", "1", "ab", true)]
    [InlineData("0a", "0a", "latest", null, false)]
    public void A_reference_has_a_name_a_tag_and_maybe_a_place(string text, string name, string tag, string? snapshot, bool hasTag)
    {
        var reference = ImageReference.Parse(text);

        Assert.Equal((name, tag, snapshot, hasTag), (reference.Name, reference.Tag, reference.Snapshot, reference.HasTag));
        Assert.Equal(reference with { HasTag = true }, ImageReference.Parse(reference.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" app")]
    [InlineData("app ")]
    [InlineData("app\n")]
    [InlineData("app:1\n")]
    [InlineData("app@ab\n")]
    [InlineData("app:")]
    [InlineData("app@")]
    [InlineData(":1")]
    [InlineData("@ab")]
    [InlineData("-app")]
    [InlineData("app//x")]
    [InlineData("app/")]
    [InlineData("/app")]
    [InlineData("app:.1")]
    [InlineData("app:a:b")]
    [InlineData("app:a/b")]
    [InlineData("app@AB")]
    [InlineData("app@sha256:ab")]
    [InlineData("ünï")]
    [InlineData("a b")]
    [InlineData("../app")]
    [InlineData("$HOME")]
    public void What_is_none_is_told_with_the_form_of_one(string text)
    {
        Assert.False(ImageReference.TryParse(text, out _));
        Assert.StartsWith($"'{text}' is not an image reference; write name[:tag][@snapshot]", Assert.Throws<MalformedReferenceException>(() => ImageReference.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tag_has_128_characters_at_most()
    {
        Assert.True(ImageReference.TryParse("app:" + new string('t', 128), out _));
        Assert.False(ImageReference.TryParse("app:" + new string('t', 129), out _));
    }
}
