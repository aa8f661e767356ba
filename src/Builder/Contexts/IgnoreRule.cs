namespace Kleene.Build.Builder.Contexts;

/// <summary>A line of an ignore file.</summary>
public sealed class IgnoreRule
{
    internal IgnoreRule(string file, int line, string text, bool isException, IgnorePattern pattern)
    {
        File = file;
        Line = line;
        Text = text;
        IsException = isException;
        Pattern = pattern;
    }

    /// <summary>The file's name as people know it: <c>.dockerignore</c>.</summary>
    public string File { get; }

    /// <summary>Counts from 1.</summary>
    public int Line { get; }

    /// <summary>The line as it stands there, without the space around it.</summary>
    public string Text { get; }

    /// <summary>Whether it takes back what earlier lines ignore: <c>!</c>.</summary>
    public bool IsException { get; }

    /// <summary><c>.dockerignore:3</c>.</summary>
    public string Place => $"{File}:{Line}";

    internal IgnorePattern Pattern { get; }
}

/// <summary>What an ignore file says of a path.</summary>
/// <param name="Rule">The last rule that matches the path or a directory above it; null when none does.</param>
public readonly record struct IgnoreDecision(IgnoreRule? Rule)
{
    public bool IsIgnored => Rule is { IsException: false };
}
