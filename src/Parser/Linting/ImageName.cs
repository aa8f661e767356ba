namespace Kleene.Build.Parser.Linting;

/// <summary>What an image can be called: <c>[host/]path[:tag][@digest]</c>, as distribution's reference grammar has it, and our <c>@snapshot</c>.</summary>
internal static class ImageName
{
    private const int LongestName = 255;
    private const int LongestTag = 128;

    public static bool IsValid(string text)
    {
        var at = text.IndexOf('@');
        var name = at < 0 ? text : text[..at];
        if (at >= 0 && !IsDigest(text[(at + 1)..]))
        {
            return false;
        }

        var colon = TagColon(name);
        return (colon < 0 || IsTag(name[(colon + 1)..])) && IsPath(colon < 0 ? name : name[..colon]);
    }

    /// <summary>Null when there is none.</summary>
    public static string? TagOf(string text)
    {
        var name = text.Split('@')[0];
        var colon = TagColon(name);
        return colon < 0 ? null : name[(colon + 1)..];
    }

    /// <summary>A colon before a slash belongs to the port of a host.</summary>
    private static int TagColon(string name)
    {
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? colon : -1;
    }

    private static bool IsTag(string tag) =>
        tag.Length is > 0 and <= LongestTag && tag[0] is not ('.' or '-') && tag.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');

    private static bool IsDigest(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is ':' or '+' or '.' or '_' or '-');

    private static bool IsPath(string path)
    {
        var parts = path.Split('/');
        var first = parts.Length > 1 && IsHost(parts[0]) ? 1 : 0;
        return path.Length <= LongestName && parts.Skip(first).All(IsComponent);
    }

    private static bool IsHost(string part) =>
        part.Length > 0 && (part == "localhost" || part.AsSpan().IndexOfAny('.', ':') >= 0 || part.Any(char.IsAsciiLetterUpper));

    /// <summary>Small letters and digits; between them one dot, one or two underscores, or dashes.</summary>
    private static bool IsComponent(string part)
    {
        if (part.Length == 0 || !IsAlphanumeric(part[0]) || !IsAlphanumeric(part[^1]))
        {
            return false;
        }

        for (var i = 0; i < part.Length; i++)
        {
            var start = i;
            while (!IsAlphanumeric(part[i]))
            {
                i++;
            }

            var separator = part.AsSpan(start, i - start);
            if (separator is not ("" or "." or "_" or "__") && separator.IndexOfAnyExcept('-') >= 0)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsAlphanumeric(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c);
}
