using Kleene.Build.Builder.Explaining;
using Kleene.Build.Runtime.Fetching;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Cli.Output;

/// <summary>The last commits of the changed files that an explanation names.</summary>
/// <param name="Changes">By path.</param>
/// <param name="Problem">Why nothing could be found out; null when all went well.</param>
internal sealed record FileBlame(IReadOnlyDictionary<UnixPath, GitChange> Changes, string? Problem)
{
    /// <summary>Each costs two processes; nobody reads the rest.</summary>
    private const int Most = 30;

    public static FileBlame None { get; } = new(new Dictionary<UnixPath, GitChange>(), null);

    public static async Task<FileBlame> FindAsync(BuildExplanation explanation, GitClient git, CancellationToken cancellationToken)
    {
        var directory = explanation.Build.Detail.Context;
        var files = explanation.Steps.Select(step => step.Cause).OfType<Cause.Changed>().SelectMany(cause => cause.Changes)
            .Where(change => change.IsOfFiles && change.Item == "the build context").SelectMany(change => change.Files);
        var found = new Dictionary<UnixPath, GitChange>();
        foreach (var file in directory.Length == 0 ? [] : files.Take(Most))
        {
            try
            {
                if (!found.ContainsKey(file.Path) && await git.LastChangeAsync(directory, file.Path, cancellationToken) is { } change)
                {
                    found[file.Path] = change;
                }
            }
            catch (GitHistoryException exception)
            {
                return new FileBlame(found, exception.Message);
            }
        }

        return new FileBlame(found, null);
    }
}
