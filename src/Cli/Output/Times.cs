using System.Globalization;

namespace Kleene.Build.Cli.Output;

/// <summary>Times as ISO 8601 in UTC, the same for people and programs.</summary>
internal static class Times
{
    public static string Text(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "";
}
