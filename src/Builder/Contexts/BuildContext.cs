using System.Text;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Contexts;

/// <summary>The directory that a build reads its own files from, as its ignore file leaves it. Opens nothing but what a plan asks for.</summary>
public sealed class BuildContext : IDisposable
{
    private readonly RootedDirectory root;

    private BuildContext(string directory, RootedDirectory root, IgnoreFile ignore, StatCache? cache, string description)
    {
        Directory = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(directory));
        this.root = root;
        Cache = cache;
        Files = new SourceTree(root, ignore, description);
    }

    /// <summary>Its absolute path on the host.</summary>
    public string Directory { get; }

    /// <summary>What COPY may take.</summary>
    public SourceTree Files { get; }

    public IgnoreFile Ignore => Files.Ignore;

    /// <summary>What is remembered of the files from earlier builds; null when nothing is to be.</summary>
    public StatCache? Cache { get; }

    /// <param name="directory">A path on the host.</param>
    /// <param name="kleenefile">The path of the Kleenefile on the host, whose own ignore file comes first; null when it was not a file.</param>
    /// <param name="cacheDirectory">Where to remember the files of contexts, <c>contexts</c> in the state directory; null does not.</param>
    /// <param name="description">What messages call it.</param>
    /// <param name="hasIgnoreFile">Whether an ignore file counts; in what was fetched it does not, as with Docker.</param>
    /// <exception cref="KleeneException">The directory is missing, or the ignore file is not valid.</exception>
    public static BuildContext Open(
        string directory, string? kleenefile, string? cacheDirectory, string description = "the build context", bool hasIgnoreFile = true)
    {
        if (!System.IO.Directory.Exists(directory))
        {
            throw new KleeneException(File.Exists(directory)
                ? $"the build context '{directory}' is a file; give the directory it is in"
                : $"there is no build context '{directory}'; give the directory that holds the files to copy");
        }

        var ignore = hasIgnoreFile ? FindIgnoreFile(directory, kleenefile) : IgnoreFile.Empty;
        var root = RootedDirectory.Open(directory);
        try
        {
            return new BuildContext(directory, root, ignore, cacheDirectory is null ? null : StatCache.Open(CachePath(cacheDirectory, directory), TimeProvider.System), description);
        }
        catch
        {
            root.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Everything in the context by name, directories before what is in them. An ignored directory is one entry, unless a rule
    /// takes something below it back.
    /// </summary>
    /// <param name="withIgnored">Whether what is ignored is listed as well.</param>
    public IEnumerable<ContextEntry> List(bool withIgnored) => List(UnixPath.Empty, Ignore.FilterAt(UnixPath.Empty), withIgnored);

    public void Dispose() => root.Dispose();

    private IEnumerable<ContextEntry> List(UnixPath directory, ITreeFilter? filter, bool withIgnored)
    {
        foreach (var name in root.List(directory))
        {
            var path = directory / name;
            if (root.TryStat(path, followLink: false) is not { } status)
            {
                // Gone since it was listed: then it is not in the context.
                continue;
            }

            var verdict = filter?.Judge(name.Bytes, status.IsDirectory) ?? TreeVerdict.Include;
            if (withIgnored || verdict == TreeVerdict.Include)
            {
                yield return new ContextEntry(path, status.Kind, status.Size, Ignore.Decide(path));
            }

            if (status.IsDirectory && verdict != TreeVerdict.Exclude)
            {
                foreach (var entry in List(path, filter?.Enter(name.Bytes), withIgnored))
                {
                    yield return entry;
                }
            }
        }
    }

    /// <summary>The first that exists; the others are not looked at.</summary>
    private static IgnoreFile FindIgnoreFile(string directory, string? kleenefile)
    {
        string[] candidates =
        [
            .. kleenefile is null ? [] : new[] { kleenefile + ".kleeneignore", kleenefile + ".dockerignore" },
            Path.Combine(directory, ".kleeneignore"),
            Path.Combine(directory, ".dockerignore"),
        ];
        var found = candidates.FirstOrDefault(File.Exists);
        try
        {
            return found is null ? IgnoreFile.Empty : IgnoreFile.Parse(Path.GetFileName(found), File.ReadAllBytes(found));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KleeneException($"cannot read the ignore file '{found}': {exception.Message}", exception);
        }
    }

    /// <summary>One file a context, named by where the context is: the same directory keeps its memory whatever it is called by.</summary>
    private static string CachePath(string cacheDirectory, string directory) =>
        Path.Combine(cacheDirectory, Sha256Hasher.Hash(Encoding.UTF8.GetBytes(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)))).Hex[..16]);
}
