namespace Kleene.Build.Parser.Planning;

/// <summary>Paths inside an image: words with slashes, whatever the host's file system thinks of them.</summary>
internal static class ImagePath
{
    /// <summary>An absolute path without <c>.</c>, <c>..</c> and double slashes; <c>/..</c> is <c>/</c>.</summary>
    public static string Join(string directory, string path) => Clean(path.StartsWith('/') ? path : $"{directory}/{path}");

    /// <summary>The same for a destination of files, where a slash at the end, or <c>.</c>, says that it is a directory.</summary>
    public static string JoinDestination(string directory, string path)
    {
        var joined = Join(directory, path);
        var isDirectory = path is "." || path.EndsWith('/') || path.EndsWith("/.", StringComparison.Ordinal);
        return isDirectory && joined != "/" ? joined + "/" : joined;
    }

    /// <summary>A source relative to its root, <c>.</c> for the root itself.</summary>
    public static string Source(string path)
    {
        var clean = Clean("/" + path);
        return clean == "/" ? "." : clean[1..];
    }

    /// <summary>The same for a source that keeps its parents: both sides of its first <c>/./</c> are relative to their roots.</summary>
    public static string SourceWithParents(string path)
    {
        var pivot = path.IndexOf("/./", StringComparison.Ordinal);
        return pivot < 0 ? Source(path) : $"{Source(path[..pivot])}/./{Source(path[(pivot + 3)..])}";
    }

    /// <summary>Whether <c>..</c> leads above the root.</summary>
    public static bool Escapes(string path)
    {
        var depth = 0;
        foreach (var part in path.Split('/'))
        {
            depth += part switch { ".." => -1, "" or "." => 0, _ => 1 };
            if (depth < 0)
            {
                return true;
            }
        }

        return false;
    }

    private static string Clean(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..")
            {
                parts.RemoveRange(Math.Max(0, parts.Count - 1), Math.Min(1, parts.Count));
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return "/" + string.Join('/', parts);
    }
}
