using Kleene.Build.Parser.Linting.LintRules;

namespace Kleene.Build.Parser.Linting;

/// <summary>Which files are likely to hold a secret: by name, and where the name leaves it open by how they begin.</summary>
internal static class SecretFiles
{
    private static readonly HashSet<string> Certain = new(StringComparer.OrdinalIgnoreCase)
    {
        "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".env", ".git-credentials", ".netrc", "_netrc", ".pgpass", ".htpasswd", ".dockercfg", ".pypirc",
        ".vault-token", "credentials.json", "service-account.json",
    };

    // Keys that test suites and packages bring along open no door.
    private static readonly HashSet<string> Harmless = new(StringComparer.OrdinalIgnoreCase)
    {
        "test", "tests", "testdata", "__tests__", "spec", "fixtures", "example", "examples", "samples", "node_modules", "vendor", "site-packages",
    };

    private static readonly string[] Examples = [".example", ".sample", ".template", ".dist", ".tmpl"];

    /// <param name="path">Relative to the context.</param>
    /// <param name="beginning">How the file begins; null when nobody can say.</param>
    public static bool IsSecret(string path, Func<string?> beginning)
    {
        var parts = path.Split('/');
        var name = parts[^1];
        if (parts.Take(parts.Length - 1).Any(Harmless.Contains) || Examples.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
        {
            return false;
        }

        return Certain.Contains(name)
            || (Doubtful(name, path) is { } doubt && (beginning() is { } text ? doubt.IsTrue(text) : doubt.WithoutLooking));
    }

    /// <summary>How it is found out whether such a file holds a secret; null for names that say nothing.</summary>
    private static Doubt? Doubtful(string name, string path)
    {
        switch (Path.GetExtension(name).ToLowerInvariant())
        {
            case ".pem":
                return new Doubt(HoldsKey, WithoutLooking: false);
            case ".key":
                return new Doubt(HoldsKey, WithoutLooking: true);
            case ".p12" or ".pfx" or ".jks" or ".keystore":
                return new Doubt(_ => true, WithoutLooking: true);
        }

        if (name.StartsWith(".env.", StringComparison.OrdinalIgnoreCase))
        {
            return new Doubt(AssignsSecret, WithoutLooking: true);
        }

        return name.ToLowerInvariant() switch
        {
            ".npmrc" or ".yarnrc" => new Doubt(text => HoldsValue(text, "_authToken=") || HoldsValue(text, "_auth=") || HoldsValue(text, "_password="), WithoutLooking: false),
            "credentials" when path.EndsWith(".aws/credentials", StringComparison.Ordinal) => new Doubt(text => text.Contains("aws_secret_access_key", StringComparison.Ordinal), WithoutLooking: true),
            "config.json" when path.EndsWith(".docker/config.json", StringComparison.Ordinal) => new Doubt(text => text.Contains("\"auth\"", StringComparison.Ordinal), WithoutLooking: true),
            "config" when path.EndsWith(".kube/config", StringComparison.Ordinal) => new Doubt(_ => true, WithoutLooking: true),
            _ => null,
        };
    }

    private static bool HoldsKey(string text) => text.Contains("PRIVATE KEY-----", StringComparison.Ordinal);

    /// <summary>A name that sounds like a secret has a value of its own.</summary>
    private static bool AssignsSecret(string text) =>
        text.Split('\n').Any(line => line.Split('=', 2) is [var name, var value]
            && SecretNameRules.IsSecret(name.Trim()) && value.Trim() is not ("" or "\"\"" or ['$', ..]));

    /// <summary>What follows the word is there and is no variable.</summary>
    private static bool HoldsValue(string text, string word) =>
        text.IndexOf(word, StringComparison.Ordinal) is >= 0 and var at && text.AsSpan(at + word.Length) is [not ('$' or '\r' or '\n'), ..];

    /// <param name="IsTrue">Whether a file that begins like this holds a secret.</param>
    /// <param name="WithoutLooking">What is assumed where nobody can look.</param>
    private sealed record Doubt(Func<string, bool> IsTrue, bool WithoutLooking);
}
