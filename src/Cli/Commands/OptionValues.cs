using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Commands;

/// <summary>Reads the values of options that several commands share. What cannot be read is an error that shows the right form.</summary>
internal static class OptionValues
{
    /// <summary>Bytes, with an optional unit <c>b k m g</c> in powers of 1024.</summary>
    public static long? Bytes(string? text, string option)
    {
        if (text is null)
        {
            return null;
        }

        var lower = text.ToLowerInvariant();
        var shift = lower.Length == 0 ? 0 : lower[^1] switch { 'k' => 10, 'm' => 20, 'g' => 30, _ => 0 };
        var digits = shift > 0 || lower.EndsWith('b') ? lower[..^1] : lower;
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= long.MaxValue >> shift
            ? number << shift
            : throw new UsageException($"{option} '{text}' is not a size; write a number of bytes, or one with k, m or g");
    }

    /// <summary>Bytes of a disk, as 'system df' writes them: units <c>k m g t</c> in powers of 1000, with a <c>b</c> or without; <c>kib mib gib tib</c> in powers of 1024.</summary>
    public static long DiskBytes(string text, string option)
    {
        var lower = text.ToLowerInvariant();
        var digits = lower.TrimEnd([.. "kmgtib"]);
        var unit = lower[digits.Length..];
        var power = unit.Length == 0 ? 0 : "bkmgt".IndexOf(unit[0], StringComparison.Ordinal);
        var step = unit.EndsWith("ib", StringComparison.Ordinal) ? 1024m : 1000m;
        return (unit is "" or "b" || (power > 0 && unit[1..] is "" or "b" or "ib"))
            && decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && Enumerable.Repeat(step, power).Aggregate(number, (bytes, factor) => Math.Min(bytes, long.MaxValue) * factor) is >= 1 and <= long.MaxValue and var bytes
            ? (long)bytes
            : throw new UsageException($"{option} '{text}' is not a size; write a number of bytes, or one with a unit, such as 20GB or 500MB");
    }

    public static JailLimits Limits(string? memory, double? cpus, long? processes)
    {
        if (cpus is { } count && !(count > 0 && double.IsFinite(count)))
        {
            throw new UsageException("--cpus has to be a number that is more than 0");
        }

        // Docker's 0 and -1 mean the same: no limit.
        return new JailLimits(Bytes(memory, "--memory"), cpus, processes is <= 0 ? null : processes);
    }

    /// <summary><c>NAME:ADDRESS</c>; an IPv6 address may stand in brackets.</summary>
    public static HostEntry Host(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var address = colon > 0 ? text[(colon + 1)..].Trim('[', ']') : "";
        return IsAddress(address) && text[..colon].All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')
            ? new HostEntry(address, text[..colon])
            : throw new UsageException($"--add-host '{text}' is not a host; write NAME:ADDRESS");
    }

    /// <summary>The framework also takes the short forms of inet_aton(3), such as <c>1</c>, which hosts(5) does not.</summary>
    private static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out var address) && (address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text);

    /// <summary><c>NAME=value</c>; a name alone takes the value of our own environment, and is left out when there is none.</summary>
    public static IEnumerable<string> Environment(IEnumerable<string> entries)
    {
        foreach (var entry in entries)
        {
            if (entry.Length == 0 || entry[0] == '=')
            {
                throw new UsageException($"--env '{entry}' has no name; write NAME=value");
            }

            if (entry.Contains('=', StringComparison.Ordinal))
            {
                yield return entry;
            }
            else if (System.Environment.GetEnvironmentVariable(entry) is { } value)
            {
                yield return $"{entry}={value}";
            }
        }
    }

    /// <summary>The entries of a file, one a line; empty lines and those that begin with <c>#</c> are none.</summary>
    public static IEnumerable<string> EnvironmentFile(string path) =>
        File.Exists(path)
            ? File.ReadLines(path).Where(line => line.AsSpan().TrimStart() is [not '#', ..]).Select(line => line.TrimStart())
            : throw new UsageException($"--env-file: there is no file '{path}'");

    /// <summary>A duration such as <c>30s</c>, in nanoseconds.</summary>
    public static long? Duration(string? text, string option) =>
        text is null ? null
        : GoDuration.TryParse(text, out var nanoseconds) && nanoseconds >= 0 ? nanoseconds
        : throw new UsageException($"{option} '{text}' is not a duration; write 30s, 1m30s or 500ms");

    /// <summary>Later entries replace earlier ones of the same name, in their place.</summary>
    public static IReadOnlyList<string> Merge(IEnumerable<string> environment, IEnumerable<string> overrides)
    {
        var names = new List<string>();
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in environment.Concat(overrides))
        {
            var name = entry.Split('=', 2)[0];
            if (!values.ContainsKey(name))
            {
                names.Add(name);
            }

            values[name] = entry;
        }

        return [.. names.Select(name => values[name])];
    }

    public static (string Key, string? Value) Pair(string text, string option)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals == 0 || text.Length == 0
            ? throw new UsageException($"{option} '{text}' has no name; write NAME=value")
            : equals < 0 ? (text, null) : (text[..equals], text[(equals + 1)..]);
    }

    /// <summary>A label without a value has an empty one.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Labels(IEnumerable<string> texts) =>
        texts.Select(text => Pair(text, "--label")).Select(pair => KeyValuePair.Create(pair.Key, pair.Value ?? ""));

    /// <summary>Labels for people.</summary>
    public static string Text(IEnumerable<KeyValuePair<string, string>> labels) => string.Join(' ', labels.Select(label => $"{label.Key}={label.Value}"));

    /// <summary>A time in seconds; less than none is none.</summary>
    public static TimeSpan Seconds(double number, string option) =>
        number <= TimeSpan.MaxValue.TotalSeconds / 2
            ? TimeSpan.FromSeconds(Math.Max(0, number))
            : throw new UsageException($"{option} is not a time; write a number of seconds");

    /// <summary>A name or number as it was given, once it is known to be a signal's.</summary>
    public static string? Signal(string? text, string option)
    {
        try
        {
            _ = text is null ? 0 : Signals.Parse(text);
            return text;
        }
        catch (KleeneException exception)
        {
            throw new UsageException($"{option}: {exception.Message}");
        }
    }

    /// <summary>What is to be a name of an image; a place in one cannot be named.</summary>
    public static ImageReference ImageName(string text) =>
        ImageReference.Parse(text) is { Snapshot: null } name ? name : throw new UsageException($"'{text}' has a snapshot; a name cannot");
}
