using System.Buffers;
using System.Text;

namespace Kleene.Build.Builder.Contexts;

/// <summary>
/// Go's filepath.Match for one path component: <c>*</c>, <c>?</c>, <c>[a-z]</c>, <c>[^a-z]</c> and <c>\</c> before a character that
/// stands for itself. The wildcards of COPY; ignore files use its syntax with another meaning, see <see cref="IgnorePattern"/>.
/// </summary>
internal static class PathPattern
{
    /// <summary>Whether a COPY source is looked up as a pattern; an escaped wildcard alone does not make it one.</summary>
    public static bool HasWildcard(ReadOnlySpan<byte> source)
    {
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == '\\')
            {
                i++;
            }
            else if (source[i] is (byte)'*' or (byte)'?' or (byte)'[')
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether filepath.Match accepts the pattern at all, whatever it is matched with.</summary>
    public static bool IsValid(ReadOnlySpan<byte> pattern)
    {
        while (!pattern.IsEmpty)
        {
            var kind = pattern[0];
            pattern = pattern[1..];
            if (kind == '\\')
            {
                if (pattern.IsEmpty)
                {
                    return false;
                }

                pattern = pattern[1..];
            }
            else if (kind == '[' && !TryClass(ref pattern, default, out _))
            {
                return false;
            }
        }

        return true;
    }

    /// <param name="pattern">A valid pattern without slashes.</param>
    /// <param name="name">One component.</param>
    public static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> name)
    {
        // Only the last star needs to be tried again: what an earlier one could take, the last can as well.
        ReadOnlySpan<byte> afterStar = default, retry = default;
        var starred = false;
        while (true)
        {
            if (!pattern.IsEmpty && pattern[0] == '*')
            {
                starred = true;
                pattern = pattern[1..];
                afterStar = pattern;
                retry = name;
                continue;
            }

            if (pattern.IsEmpty && name.IsEmpty)
            {
                return true;
            }

            if (!pattern.IsEmpty && !name.IsEmpty && TryOne(ref pattern, ref name))
            {
                continue;
            }

            if (!starred || retry.IsEmpty)
            {
                return false;
            }

            retry = retry[RuneLength(retry)..];
            name = retry;
            pattern = afterStar;
        }
    }

    private static bool TryOne(ref ReadOnlySpan<byte> pattern, ref ReadOnlySpan<byte> name)
    {
        switch (pattern[0])
        {
            case (byte)'?':
                pattern = pattern[1..];
                name = name[RuneLength(name)..];
                return true;

            case (byte)'[':
                var rest = pattern[1..];
                Decode(name, out var rune, out var length);
                if (!TryClass(ref rest, rune, out var matched) || !matched)
                {
                    return false;
                }

                pattern = rest;
                name = name[length..];
                return true;

            case (byte)'\\' when pattern.Length > 1:
                pattern = pattern[1..];
                break;
        }

        if (pattern[0] != name[0])
        {
            return false;
        }

        pattern = pattern[1..];
        name = name[1..];
        return true;
    }

    /// <summary>Reads a class up to its closing bracket. Go takes neither an empty class nor a bare <c>-</c> or <c>]</c> in one.</summary>
    private static bool TryClass(ref ReadOnlySpan<byte> pattern, Rune candidate, out bool matched)
    {
        matched = false;
        var negated = !pattern.IsEmpty && pattern[0] == '^';
        if (negated)
        {
            pattern = pattern[1..];
        }

        for (var ranges = 0; ; ranges++)
        {
            if (ranges > 0 && !pattern.IsEmpty && pattern[0] == ']')
            {
                pattern = pattern[1..];
                matched ^= negated;
                return true;
            }

            if (!TryBound(ref pattern, out var low))
            {
                return false;
            }

            var high = low;
            if (pattern[0] == '-')
            {
                pattern = pattern[1..];
                if (!TryBound(ref pattern, out high))
                {
                    return false;
                }
            }

            matched |= low <= candidate && candidate <= high;
        }
    }

    /// <summary>One end of a range; something must follow it, if only the closing bracket.</summary>
    private static bool TryBound(ref ReadOnlySpan<byte> pattern, out Rune bound)
    {
        bound = default;
        if (pattern.IsEmpty || pattern[0] is (byte)'-' or (byte)']')
        {
            return false;
        }

        if (pattern[0] == '\\')
        {
            pattern = pattern[1..];
        }

        if (pattern.IsEmpty || !Decode(pattern, out bound, out var length))
        {
            return false;
        }

        pattern = pattern[length..];
        return !pattern.IsEmpty;
    }

    private static int RuneLength(ReadOnlySpan<byte> text)
    {
        Decode(text, out _, out var length);
        return length;
    }

    /// <summary>A byte that is not UTF-8 counts as one character, U+FFFD.</summary>
    private static bool Decode(ReadOnlySpan<byte> text, out Rune rune, out int length)
    {
        var done = Rune.DecodeFromUtf8(text, out rune, out length) == OperationStatus.Done;
        length = done ? length : 1;
        return done;
    }
}
