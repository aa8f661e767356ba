using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Jails;

/// <summary>Finds the keys by which a user leaves, in whatever pieces they arrive. What began like them and was not is passed on.</summary>
internal sealed class DetachKeyFilter(ImmutableArray<byte> keys)
{
    private int matched;

    /// <param name="typed">What arrived.</param>
    /// <param name="passedOn">What of it, and of what was held back before, goes to the jail.</param>
    /// <returns>Whether the user leaves. What was typed behind the keys is nobody's.</returns>
    public bool Read(ReadOnlySpan<byte> typed, List<byte> passedOn)
    {
        if (keys.IsEmpty)
        {
            passedOn.AddRange(typed);
            return false;
        }

        foreach (var key in typed)
        {
            // What was held back is the beginning of the keys; with this one more it may still end in a shorter beginning.
            while (matched > 0 && key != keys[matched])
            {
                var shorter = Shorter();
                passedOn.AddRange(keys.AsSpan()[..(matched - shorter)]);
                matched = shorter;
            }

            if (key != keys[matched])
            {
                passedOn.Add(key);
            }
            else if (++matched == keys.Length)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The length of the longest proper beginning of the keys in which what was held back ends.</summary>
    private int Shorter()
    {
        for (var length = matched - 1; length > 0; length--)
        {
            if (keys.AsSpan()[..length].SequenceEqual(keys.AsSpan()[(matched - length)..matched]))
            {
                return length;
            }
        }

        return 0;
    }
}
