namespace Kleene.Build.Cli.Commands.Watching;

/// <summary>Single files that a build reads beside what it copies: the Kleenefile, what it includes, ignore files. Also those that are not there, and would be read if they were.</summary>
internal sealed class WatchedFiles
{
    private static readonly string[] IgnoreSuffixes = [".kleeneignore", ".dockerignore"];

    private readonly Dictionary<string, HashSet<string>> names = new(StringComparer.Ordinal);

    public static WatchedFiles None { get; } = new();

    public IReadOnlyCollection<string> Directories => names.Keys;

    public static WatchedFiles Of(Kleenefile kleenefile)
    {
        var files = new WatchedFiles();
        var contexts = kleenefile.Named.Directories.Prepend(kleenefile.Directory).OfType<string>();
        foreach (var path in (IEnumerable<string>)
        [
            .. kleenefile.File is { } file ? IgnoreSuffixes.Select(suffix => file + suffix).Prepend(file) : [],
            .. kleenefile.Directory is { } directory ? KleenefileOptions.CandidatesIn(directory) : [],
            .. contexts.SelectMany(context => IgnoreSuffixes.Select(suffix => Path.Join(context, suffix))),
            .. (kleenefile.Compile.Includes as IncludeFiles)?.Asked ?? [],
        ])
        {
            files.Add(Path.GetFullPath(path));
        }

        return files;
    }

    public bool Concern(string directory, string name) => names.TryGetValue(directory, out var known) && known.Contains(name);

    private void Add(string path)
    {
        var directory = Path.GetDirectoryName(path) ?? "/";
        if (!names.TryGetValue(directory, out var known))
        {
            names.Add(directory, known = new HashSet<string>(StringComparer.Ordinal));
        }

        // A link is read where it leads to; whoever replaces it is noticed too.
        if (known.Add(Path.GetFileName(path)) && File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target)
        {
            Add(target.FullName);
        }
    }
}
