using System.Globalization;
using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Cli.Output;

/// <summary>Times as ISO 8601 in UTC, the same for people and programs.</summary>
internal static class Times
{
    public static string Text(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";

    /// <summary>A point in time as people give it: ISO 8601 (UTC unless it says otherwise), seconds since 1970, or a duration before now.</summary>
    public static DateTimeOffset? Point(string? text, DateTimeOffset now, string option)
    {
        if (text is null)
        {
            return null;
        }

        if (GoDuration.TryParse(text, out var nanoseconds) && text != "0")
        {
            return now - TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
        }

        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds < 253_402_300_800)
        {
            return DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond));
        }

        return text.Length >= 10 && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw new UsageException($"{option} '{text}' is not a time; write 2026-01-31T12:00:00Z, seconds since 1970, or a duration such as 10m");
    }
}
