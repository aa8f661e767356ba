namespace Kleene.Build.Parser.Planning;

/// <summary>Platforms, <c>os[/architecture[/variant]]</c>, under the names that people give them and those of the OCI image specification.</summary>
internal static class PlatformName
{
    // Those that Go, from which the specification takes its words, has under the same names.
    private static readonly string[] Architectures =
        ["386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm"];

    /// <summary>Whether what is asked for is met by what is built; parts that are not given match anything.</summary>
    public static bool Includes(string asked, string built) =>
        IsValid(asked) && Normalize(asked).Split('/').Zip(Normalize(built).Split('/')).All(pair => pair.First == pair.Second);

    /// <summary>Whether it is a platform at all: an operating system, an architecture, or both, with at most a variant.</summary>
    public static bool IsValid(string platform)
    {
        var parts = Normalize(platform).Split('/');
        return parts.Length <= 3 && parts.All(part => part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '(' or ')'));
    }

    /// <summary>The operating system and the architecture; null for what is no platform.</summary>
    /// <param name="text">As written.</param>
    /// <param name="built">The platform that is built for, from which a part that is not given is taken.</param>
    public static (string System, string Architecture)? TryParse(string text, string built) =>
        IsValid(text) && Normalize(text).Split('/') is var parts
            ? (parts[0], parts.ElementAtOrDefault(1) ?? Normalize(built).Split('/').ElementAtOrDefault(1) ?? "")
            : null;

    /// <summary>In the words of the specification: <c>x86_64</c> is <c>linux/amd64</c>, <c>linux/aarch64/v8</c> is <c>linux/arm64</c>.</summary>
    public static string Normalize(string platform)
    {
        var parts = platform.ToLowerInvariant().Split('/');
        return parts switch
        {
            [var alone] when IsArchitecture(alone) => Normalize("linux/" + alone),
            [var os, "aarch64" or "arm64", "v8" or "8"] => $"{os}/arm64",
            [var os, "x86_64" or "x86-64" or "amd64", "v1"] => $"{os}/amd64",
            [var os, "armhf"] => $"{os}/arm/v7",
            [var os, "armel"] => $"{os}/arm/v6",
            [var os, "arm", "5" or "6" or "7" or "8"] => $"{os}/arm/v{parts[2]}",
            [var os, var architecture, .. var rest] => string.Join('/', [os, Architecture(architecture), .. rest]),
            _ => platform.ToLowerInvariant(),
        };
    }

    private static bool IsArchitecture(string name) => Architectures.Contains(Architecture(name)) || name is "armhf" or "armel";

    private static string Architecture(string name) => name switch
    {
        "x86_64" or "x86-64" => "amd64",
        "aarch64" => "arm64",
        "i386" => "386",
        _ => name,
    };
}
