using System.Globalization;

namespace Kleene.Build.Runtime;

/// <summary>Numbers of bytes for people, with three or four digits: memory in powers of 1024, what goes through wires and disks in those of 1000.</summary>
public static class Sizes
{
    private static readonly string[] BinaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    private static readonly string[] DecimalUnits = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary>A hyphen for what is not known.</summary>
    public static string Binary(long? bytes) => Text(bytes, 1024, BinaryUnits);

    public static string Metric(long? bytes) => Text(bytes, 1000, DecimalUnits);

    private static string Text(long? bytes, int step, string[] units)
    {
        if (bytes is not { } number)
        {
            return "-";
        }

        var value = (double)number;
        var unit = 0;
        for (; value >= step && unit < units.Length - 1; unit++)
        {
            value /= step;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.##}{units[unit]}");
    }
}
