namespace Kleene.Build.Parser.Planning;

/// <summary>Compares platforms, <c>os[/architecture[/variant]]</c>, under the names that people give them.</summary>
internal static class PlatformName
{
    /// <summary>Whether what is asked for is met by what is built; parts that are not given match anything.</summary>
    public static bool Includes(string asked, string built)
    {
        var want = Parts(asked);
        var have = Parts(built);
        return want.Length is >= 1 and <= 3 && want.Zip(have).All(pair => pair.First == pair.Second);
    }

    /// <summary>The operating system and the architecture; null for what is no platform.</summary>
    /// <param name="text">As written.</param>
    /// <param name="built">The platform that is built for, from which a part that is not given is taken.</param>
    public static (string System, string Architecture)? TryParse(string text, string built)
    {
        var parts = Parts(text);
        return parts.Length > 3 || parts.Any(part => part.Length == 0 || part.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.')))
            ? null
            : (parts[0], parts.ElementAtOrDefault(1) ?? Parts(built).ElementAtOrDefault(1) ?? "");
    }

    private static string[] Parts(string platform)
    {
        var parts = platform.ToLowerInvariant().Split('/');
        if (parts.Length == 1 && Architecture(parts[0]) is var alone && alone is "amd64" or "arm64" or "386" or "arm")
        {
            return ["linux", alone];
        }

        if (parts.Length > 1)
        {
            parts[1] = Architecture(parts[1]);
        }

        return parts;
    }

    private static string Architecture(string name) => name switch
    {
        "x86_64" or "x86-64" => "amd64",
        "aarch64" => "arm64",
        "i386" => "386",
        _ => name,
    };
}
