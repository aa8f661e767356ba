using System.Globalization;

namespace Kleene.Build.Parser.Planning;

/// <summary>Sizes as Docker writes them: a number, maybe with a fraction, and a unit in powers of 1024 (go-units, RAMInBytes).</summary>
internal static class ByteSize
{
    private const string Units = "kmgtpe";

    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var digits = text.AsSpan();
        while (!digits.IsEmpty && (char.IsAsciiLetter(digits[^1]) || digits[^1] == ' '))
        {
            digits = digits[..^1];
        }

        var unit = text[digits.Length..].Trim().ToLowerInvariant();
        var power = unit is "" or "b" ? 0 : Units.IndexOf(unit[0]) + 1;
        if ((power == 0 && unit is not ("" or "b"))
            || (power > 0 && unit[1..] is not ("" or "b" or "ib"))
            || !decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number > long.MaxValue >> (10 * power))
        {
            return false;
        }

        bytes = (long)(number * (1L << (10 * power)));
        return true;
    }
}
