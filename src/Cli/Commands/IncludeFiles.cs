using System.Text;
using Kleene.Build.Parser;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Cli.Commands;

/// <summary>
/// The files that a Kleenefile may include: those of the context that it lies in, else those of its own directory. A Kleenefile is not
/// always its user's own, so nothing outside is read, whatever links there are.
/// </summary>
internal sealed class IncludeFiles : IIncludedFiles
{
    private readonly string root;

    // Where the Kleenefile lies below the root, empty or with a slash at the end.
    private readonly string start;

    private readonly HashSet<string> asked = new(StringComparer.Ordinal);

    /// <param name="kleenefile">Its path.</param>
    /// <param name="context">The directory of the context; <c>-</c> where there is none.</param>
    public IncludeFiles(string kleenefile, string context)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(kleenefile)) ?? "/";
        var above = context == "-" ? directory : Path.GetFullPath(context);
        var below = Path.GetRelativePath(above, directory);
        var isInside = below != ".." && !below.StartsWith("../", StringComparison.Ordinal) && !Path.IsPathRooted(below);
        root = isInside ? above : directory;
        start = isInside && below != "." ? below + "/" : "";
    }

    /// <summary>What was asked for so far, by absolute paths, also what is not there.</summary>
    public IReadOnlyCollection<string> Asked => asked;

    public IncludedFile Read(string path)
    {
        var below = Path.GetRelativePath("/", Path.GetFullPath("/" + start + path));
        if (path.StartsWith('/') || Depth(start + path) < 0)
        {
            return new IncludedFile.Missing($"'{path}' lies outside '{root}'; a file of the context can be included");
        }

        asked.Add(Path.Join(root, below));
        try
        {
            using var directory = RootedDirectory.Open(root);
            var content = directory.ReadAllBytes(UnixPath.FromText(below));
            return new IncludedFile.Found(new UTF8Encoding(false).GetString(content));
        }
        catch (KleeneException exception)
        {
            return new IncludedFile.Missing(exception.Message + Nearest(below));
        }
    }

    /// <summary>How deep the shallowest place is that a path passes: below zero it leaves the root.</summary>
    private static int Depth(string path)
    {
        var (depth, least) = (0, 0);
        foreach (var part in path.Split('/'))
        {
            depth += part switch { ".." => -1, "" or "." => 0, _ => 1 };
            least = Math.Min(least, depth);
        }

        return least;
    }

    private string Nearest(string path)
    {
        var directory = Path.GetDirectoryName(path) ?? "";
        var place = Path.Join(root, directory);
        return Directory.Exists(place)
            ? Suggestion.Hint(path, Directory.EnumerateFiles(place).Select(file => Path.Join(directory, Path.GetFileName(file))))
            : "";
    }
}
