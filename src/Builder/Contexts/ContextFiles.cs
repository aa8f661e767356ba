using System.Text;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Parser.Linting;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Contexts;

/// <summary>Answers the linter's questions about a build context. It is walked once, when a rule first asks for files.</summary>
public sealed class ContextFiles(BuildContext context) : IContextFiles
{
    // Keys and tokens stand at the beginning of the files that hold them.
    private const int LookAt = 16 * 1024;

    private static readonly string[] EverythingPatterns = ["*", "**", "**/*"];

    private readonly Lazy<List<string>> all = new(() =>
        [.. context.List(withIgnored: false).Where(entry => entry.Kind == FileKind.Regular).Select(entry => entry.Path.ToString())]);

    /// <summary>As BuildKit judges it: an ignore file that takes something back is not judged at all.</summary>
    public string? IgnoredBy(string source)
    {
        var rules = context.Ignore.Rules;
        if (rules.IsEmpty || rules.Any(rule => rule.IsException))
        {
            return null;
        }

        var path = CleanPath.Inside(source);
        var rule = path.Length == 0
            ? rules.FirstOrDefault(rule => EverythingPatterns.Contains(rule.Text))
            : context.Ignore.Decide(path).Rule;
        return rule?.Place;
    }

    public string? WhyMissing(string source)
    {
        try
        {
            _ = new SourceFinder(context.Files, SourceLookup.Plain).Find(source).Count();
            return null;
        }
        catch (KleeneException exception)
        {
            return exception.Message;
        }
    }

    public IEnumerable<string> Taken(IReadOnlyList<string> sources, IReadOnlyList<string> exclude)
    {
        var excluded = IgnoreFile.Of("--exclude", exclude);
        return sources.SelectMany(Found).SelectMany(source => Below(source, excluded)).Distinct(StringComparer.Ordinal);
    }

    public string Beginning(string path) =>
        context.Files.Root.TryReadStart(path, LookAt) is { } bytes ? Encoding.UTF8.GetString(bytes) : "";

    private IEnumerable<CopySource> Found(string source)
    {
        try
        {
            return [.. new SourceFinder(context.Files, SourceLookup.Plain).Find(source)];
        }
        catch (KleeneException)
        {
            // What is not there is another rule's matter.
            return [];
        }
    }

    private IEnumerable<string> Below(CopySource source, IgnoreFile excluded)
    {
        var path = source.RealPath.ToString();
        if (!source.IsDirectory)
        {
            return [path];
        }

        var prefix = path.Length == 0 ? "" : path + "/";
        return all.Value.Where(file => file.StartsWith(prefix, StringComparison.Ordinal) && !excluded.Decide(file[prefix.Length..]).IsIgnored);
    }
}
