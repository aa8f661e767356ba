namespace Kleene.Build.Parser.Planning;

/// <summary>Durations as Go writes them, <c>1h30m</c>, <c>1.5s</c>, <c>100ms</c>: numbers with a unit each, added up.</summary>
public static class GoDuration
{
    private static readonly (string Name, long Nanoseconds)[] Units =
    [
        ("ns", 1), ("us", 1_000), ("\u00B5s", 1_000), ("\u03BCs", 1_000), ("ms", 1_000_000),
        ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ];

    /// <summary>Reads to nanoseconds; false for what Go does not read either, and beyond about 292 years.</summary>
    public static bool TryParse(string text, out long nanoseconds)
    {
        nanoseconds = 0;
        var isNegative = text is ['-', ..];
        var rest = text.AsSpan(text is ['-' or '+', ..] ? 1 : 0);
        if (rest is "0")
        {
            return true;
        }

        if (rest.IsEmpty)
        {
            return false;
        }

        var sum = 0m;
        while (!rest.IsEmpty)
        {
            if (!TryTakeNumber(ref rest, out var number) || !TryTakeUnit(ref rest, out var unit))
            {
                return false;
            }

            sum += decimal.Truncate(number * unit);
            if (sum > long.MaxValue)
            {
                return false;
            }
        }

        nanoseconds = isNegative ? -(long)sum : (long)sum;
        return true;
    }

    private static bool TryTakeNumber(scoped ref ReadOnlySpan<char> rest, out decimal number)
    {
        // Nothing of more digits fits into the result, and decimals cannot overflow below.
        const int MostDigits = 15;

        number = 0;
        var whole = TakeDigits(ref rest);
        var fraction = ReadOnlySpan<char>.Empty;
        if (rest is ['.', ..])
        {
            rest = rest[1..];
            fraction = TakeDigits(ref rest);
        }

        whole = whole.TrimStart('0') is { IsEmpty: false } significant ? significant : whole[..Math.Min(whole.Length, 1)];
        if ((whole.IsEmpty && fraction.IsEmpty) || whole.Length > MostDigits + 4)
        {
            return false;
        }

        foreach (var digit in whole)
        {
            number = (number * 10) + (digit - '0');
        }

        var scale = 1m;
        foreach (var digit in fraction[..Math.Min(fraction.Length, MostDigits)])
        {
            scale /= 10;
            number += (digit - '0') * scale;
        }

        return true;
    }

    private static ReadOnlySpan<char> TakeDigits(scoped ref ReadOnlySpan<char> rest)
    {
        var length = 0;
        while (length < rest.Length && char.IsAsciiDigit(rest[length]))
        {
            length++;
        }

        var digits = rest[..length];
        rest = rest[length..];
        return digits;
    }

    private static bool TryTakeUnit(scoped ref ReadOnlySpan<char> rest, out long nanoseconds)
    {
        var length = 0;
        while (length < rest.Length && rest[length] != '.' && !char.IsAsciiDigit(rest[length]))
        {
            length++;
        }

        foreach (var unit in Units)
        {
            if (rest[..length].SequenceEqual(unit.Name))
            {
                nanoseconds = unit.Nanoseconds;
                rest = rest[length..];
                return true;
            }
        }

        nanoseconds = 0;
        return false;
    }
}
