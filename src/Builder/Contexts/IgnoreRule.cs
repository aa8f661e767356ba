namespace Kleene.Build.Builder.Contexts;

/// <summary>A line of an ignore file.</summary>
/// <param name="File">The file's name as people know it: <c>.dockerignore</c>.</param>
/// <param name="Line">Counts from 1.</param>
/// <param name="Text">The line as it stands there, without the space around it.</param>
/// <param name="IsException">Whether it takes back what earlier lines ignore: <c>!</c>.</param>
public sealed record IgnoreRule(string File, int Line, string Text, bool IsException)
{
    internal IgnoreRule(string file, int line, string text, bool isException, IgnorePattern pattern)
        : this(file, line, text, isException) => Pattern = pattern;

    /// <summary><c>.dockerignore:3</c>.</summary>
    public string Place => $"{File}:{Line}";

    internal IgnorePattern Pattern { get; } = new([]);
}

/// <summary>What an ignore file says of a path.</summary>
/// <param name="Rule">The last rule that matches the path or a directory above it; null when none does.</param>
public readonly record struct IgnoreDecision(IgnoreRule? Rule)
{
    public bool IsIgnored => Rule is { IsException: false };
}
