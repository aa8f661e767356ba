namespace Kleene.Build.Parser.Planning;

/// <summary>
/// Where in which git repository something is: <c>https://host/repository.git#reference:directory</c>, or the same by
/// <c>?ref=...&amp;subdir=...</c>. What is an address and what is a path is decided as BuildKit does.
/// </summary>
public sealed record GitAddress
{
    /// <summary>What git(1) is given.</summary>
    public required string Remote { get; init; }

    /// <summary>A branch, a tag or a commit; empty is what the repository itself says.</summary>
    public string Reference { get; init; } = "";

    /// <summary>Below the top of the repository, without <c>..</c>; empty is all of it.</summary>
    public string Subdirectory { get; init; } = "";

    /// <summary>What the commit's id begins with; empty where the address does not say.</summary>
    public string Checksum { get; init; } = "";

    /// <summary>Null where the address does not say.</summary>
    public bool? KeepsGitDirectory { get; init; }

    public bool TakesSubmodules { get; init; } = true;

    /// <summary>The same for a context, which may also be written <c>github.com/owner/repository</c>.</summary>
    public static GitAddress? TryParseContext(string text, out string? problem) =>
        TryParse(IsNamedByHost(text) ? $"https://{text}" : text, out problem, IsNamedByHost(text));

    /// <summary>The address of a repository; null for anything else.</summary>
    /// <param name="problem">Why it is none, although it is meant to be; null when it is something else.</param>
    public static GitAddress? TryParse(string text, out string? problem) => TryParse(text, out problem, isCertain: false);

    private static GitAddress? TryParse(string text, out string? problem, bool isCertain)
    {
        problem = null;
        if (!isCertain && !LooksLikeOne(text))
        {
            return null;
        }

        var (withoutFragment, fragment) = Cut(text, '#');
        var (remote, query) = Cut(withoutFragment, '?');
        var (reference, subdirectory) = Cut(fragment, ':');
        var address = new GitAddress { Remote = remote, Reference = reference, Subdirectory = Inside(subdirectory) };
        return Query(address, query, out problem);
    }

    private static bool IsNamedByHost(string text) => text.StartsWith("github.com/", StringComparison.Ordinal);

    private static bool LooksLikeOne(string text)
    {
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0 || !text[..scheme].All(char.IsAsciiLetterOrDigit))
        {
            return IsSecureCopyForm(text);
        }

        // What a web server has is a repository only if it says so.
        return text[..scheme].ToLowerInvariant() switch
        {
            "git" or "ssh" => true,
            "http" or "https" => Cut(Cut(text, '#').Before, '?').Before.EndsWith(".git", StringComparison.Ordinal),
            _ => false,
        };
    }

    /// <summary><c>user@host:path</c>, as scp(1) writes it.</summary>
    private static bool IsSecureCopyForm(string text)
    {
        var (user, rest) = Cut(text, '@');
        var (host, _) = Cut(rest, ':');
        return user.Length > 0 && host.Length > 0 && host.Length < rest.Length && user[0] != '-' && host[0] != '-'
            && user.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            && host.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');
    }

    private static GitAddress? Query(GitAddress address, string query, out string? problem)
    {
        problem = null;
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (key, written) = Cut(pair, '=');
            var value = Uri.UnescapeDataString(written.Replace('+', ' '));
            if (value.Length == 0 && key is not ("submodules" or "keep-git-dir" or "fetch-by-commit"))
            {
                problem = $"'{key}' has no value";
                return null;
            }

            if (Apply(address, key, value) is not { } applied)
            {
                problem = key is "ref" or "tag" or "branch" or "subdir" or "checksum" or "commit" or "submodules" or "keep-git-dir"
                    ? $"'{key}={value}' does not fit what else it says"
                    : $"it asks for '{key}'; it may have ref, tag, branch, subdir, commit, submodules and keep-git-dir";
                return null;
            }

            address = applied;
        }

        return address;
    }

    /// <summary>Null for what cannot be, or contradicts what is said already.</summary>
    private static GitAddress? Apply(GitAddress address, string key, string value) => key switch
    {
        "ref" => WithReference(address, value),
        "tag" => WithReference(address, value.StartsWith("refs/tags/", StringComparison.Ordinal) ? value : $"refs/tags/{value}"),
        "branch" => WithReference(address, value.StartsWith("refs/heads/", StringComparison.Ordinal) ? value : $"refs/heads/{value}"),
        "subdir" when address.Subdirectory.Length == 0 || address.Subdirectory == Inside(value) => address with { Subdirectory = Inside(value) },
        "checksum" or "commit" => address with { Checksum = value },
        "keep-git-dir" when Switch(value) is { } on => address with { KeepsGitDirectory = on },
        "submodules" when Switch(value) is { } on => address with { TakesSubmodules = on },

        // Hints about how, not what.
        "fetch-by-commit" or "mtime" => address,
        _ => null,
    };

    private static GitAddress? WithReference(GitAddress address, string reference) =>
        address.Reference.Length == 0 || address.Reference == reference ? address with { Reference = reference } : null;

    private static bool? Switch(string value) => value.ToLowerInvariant() switch
    {
        "" or "1" or "t" or "true" => true,
        "0" or "f" or "false" => false,
        _ => null,
    };

    private static string Inside(string path) => ImagePath.Source(path) is var clean and not "." ? clean : "";

    private static (string Before, string After) Cut(string text, char at) =>
        text.IndexOf(at) is var position and >= 0 ? (text[..position], text[(position + 1)..]) : (text, "");
}
