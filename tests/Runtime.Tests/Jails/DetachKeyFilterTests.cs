using Kleene.Build.Runtime.Jails;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

/// <summary>All that can be typed with two letters up to a length, in all pieces: compared with a search in the whole.</summary>
public sealed class DetachKeyFilterTests
{
    private const int Longest = 7;

    [Theory]
    [InlineData("a")]
    [InlineData("ab")]
    [InlineData("aa")]
    [InlineData("aab")]
    [InlineData("aba")]
    [InlineData("abab")]
    [InlineData("aabaa")]
    public void Nothing_typed_is_lost_or_doubled_and_the_keys_are_found_wherever_they_are(string keys)
    {
        foreach (var typed in Words(Longest))
        {
            var at = typed.IndexOf(keys, StringComparison.Ordinal);
            for (var cuts = 0; cuts < 1 << Math.Max(0, typed.Length - 1); cuts++)
            {
                var (passedOn, left) = Type(keys, typed, cuts);

                Assert.Equal(at >= 0, left);

                // What may still become the keys is held back, and never more than that.
                Assert.Equal(at >= 0 ? typed[..at] : typed[..^HeldBack(keys, typed)], passedOn);
            }
        }
    }

    [Fact]
    public void Without_keys_all_is_passed_on()
    {
        var (passedOn, left) = Type("", "ab\u0010\u0011", cuts: 1);

        Assert.Equal("ab\u0010\u0011", passedOn);
        Assert.False(left);
    }

    private static int HeldBack(string keys, string typed)
    {
        var length = Math.Min(keys.Length - 1, typed.Length);
        while (!typed.EndsWith(keys[..length], StringComparison.Ordinal))
        {
            length--;
        }

        return length;
    }

    /// <param name="cuts">A bit for each place at which the word is cut.</param>
    private static (string PassedOn, bool Left) Type(string keys, string typed, int cuts)
    {
        var filter = new DetachKeyFilter([.. keys.Select(key => (byte)key)]);
        var passedOn = new List<byte>();
        var left = false;
        var start = 0;
        for (var i = 1; i <= typed.Length && !left; i++)
        {
            if (i == typed.Length || (cuts & (1 << (i - 1))) != 0)
            {
                left = filter.Read([.. typed[start..i].Select(letter => (byte)letter)], passedOn);
                start = i;
            }
        }

        return (string.Concat(passedOn.Select(letter => (char)letter)), left);
    }

    private static IEnumerable<string> Words(int longest)
    {
        for (var length = 0; length <= longest; length++)
        {
            for (var bits = 0; bits < 1 << length; bits++)
            {
                yield return string.Concat(Enumerable.Range(0, length).Select(i => (bits & (1 << i)) != 0 ? 'a' : 'b'));
            }
        }
    }
}
