namespace Kleene.Build.Builder.Contexts;

/// <summary>Go's path.Clean: what a path means by its text alone, without a look at any file.</summary>
internal static class CleanPath
{
    /// <summary>Takes out dots, double and trailing slashes; <c>..</c> takes the component before it out. The empty path is <c>.</c>.</summary>
    public static string Clean(string path)
    {
        var rooted = path.StartsWith('/');
        var kept = new List<string>();
        foreach (var component in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            switch (component)
            {
                case ".":
                    break;
                case ".." when kept is [.., not ".."]:
                    kept.RemoveAt(kept.Count - 1);
                    break;
                case ".." when rooted:
                    break;
                default:
                    kept.Add(component);
                    break;
            }
        }

        var joined = string.Join('/', kept);
        return rooted ? "/" + joined : joined.Length == 0 ? "." : joined;
    }

    /// <summary>The path below a root that nothing can name its way out of; the root itself is empty.</summary>
    public static string Inside(string path) => Clean("/" + path)[1..];
}
