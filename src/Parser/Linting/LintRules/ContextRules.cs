using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Linting.LintRules;

/// <summary>Files of the build context, seen through the eyes of whoever may open it.</summary>
internal static class ContextRules
{
    // How many files a message names before it only counts.
    private const int Named = 3;

    /// <summary>Sources that the build would not find, ignored ones among them.</summary>
    public static void CopyIgnoredFile(LintedFile file, DiagnosticBag found)
    {
        if (file.Options.Files is not { } files)
        {
            return;
        }

        foreach (var copy in ContextCopy.In(file))
        {
            foreach (var (word, source) in copy.Sources)
            {
                if (files.IgnoredBy(source) is { } rule)
                {
                    found.Report(Rules.CopyIgnoredFile, word.Span, $"'{source}' is not in the build context: {rule} ignores it");
                }
                else if (!copy.MayBeMissing && files.WhyMissing(source) is { } reason)
                {
                    found.Report(Rules.MissingSource, word.Span, reason);
                }
            }
        }
    }

    public static void SecretFileInContext(LintedFile file, DiagnosticBag found)
    {
        foreach (var copy in ContextCopy.In(file))
        {
            var secrets = Secrets(copy, file.Options.Files).ToList();
            if (secrets.Count == 0)
            {
                continue;
            }

            var names = string.Join(", ", secrets.Take(Named).Select(path => $"'{path}'"));
            var more = secrets.Count > Named ? $" and {secrets.Count - Named} more" : "";
            found.Report(
                Rules.SecretFileInContext, copy.SourcesSpan,
                $"{names}{more} {(secrets.Count == 1 ? "looks like a secret, and everybody" : "look like secrets, and everybody")} who has the image can read it");
        }
    }

    /// <summary>Nobody can look into the context: then what is named by itself is judged by its name.</summary>
    private static IEnumerable<string> Secrets(ContextCopy copy, IContextFiles? files) =>
        files is null
            ? copy.Sources.Select(source => source.Path).Where(path => SecretFiles.IsSecret(path, () => null))
            : files.Taken([.. copy.Sources.Select(source => source.Path)], copy.Exclude).Where(path => SecretFiles.IsSecret(path, () => files.Beginning(path)));
}
