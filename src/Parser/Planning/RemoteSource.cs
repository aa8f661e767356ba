namespace Kleene.Build.Parser.Planning;

/// <summary>A source of ADD that is not on this machine.</summary>
public abstract record RemoteSource
{
    private RemoteSource()
    {
    }

    /// <summary>A file of an HTTP server.</summary>
    /// <param name="Address">As it is written.</param>
    /// <param name="Name">What the file is called in a directory: the last part of the address's path.</param>
    public sealed record Http(string Address, string Name) : RemoteSource;

    /// <summary>A tree in a git repository.</summary>
    public sealed record Git(GitAddress Address) : RemoteSource;

    /// <summary>The file behind an address without a path has a name all the same, as in BuildKit.</summary>
    private const string Unnamed = "__unnamed__";

    /// <summary>What a source says; null for a path.</summary>
    /// <param name="problem">Why it is none, although it looks like an address; null otherwise.</param>
    public static RemoteSource? TryParse(string text, out string? problem)
    {
        if (GitAddress.TryParse(text, out problem) is { } git)
        {
            return new Git(git);
        }

        if (problem is not null || !IsHttp(text))
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Host.Length > 0)
        {
            return new Http(text, NameOf(address));
        }

        problem = "it has no server, or characters that an address cannot have";
        return null;
    }

    internal static bool IsHttp(string text) =>
        text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    private static string NameOf(Uri address)
    {
        var path = Uri.UnescapeDataString(address.AbsolutePath).TrimEnd('/');
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name is "" or "." or ".." || name.Contains('\0') ? Unnamed : name;
    }
}
