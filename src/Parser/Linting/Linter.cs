using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting.Checks;

namespace Kleene.Build.Parser.Linting;

/// <summary>Runs the rules that a level asks for over a file.</summary>
internal static class Linter
{
    // What these find hangs on the base image, of which a check may know nothing.
    private static readonly ImmutableHashSet<DiagnosticRule> DependOnBase = [Rules.UndefinedVariable, Rules.InvalidBaseImagePlatform, Rules.UnsettledCondition];

    // Without the context's files these find less, or nothing.
    private static readonly ImmutableHashSet<DiagnosticRule> DependOnContext = [Rules.CopyIgnoredFile, Rules.MissingSource, Rules.SecretFileInContext];

    public static void Run(LintedFile file, DiagnosticBag found)
    {
        foreach (var row in LintTable.All)
        {
            if (row.Rule.Severity >= DiagnosticSeverity.Warning || file.Options.Lint == LintLevel.Everything)
            {
                row.Check(file, found);
            }
        }
    }

    /// <summary>Says which skips could go. Only to be believed after everything has been looked for.</summary>
    public static void ReportUselessSkips(CheckSettings settings, CompileOptions options, DiagnosticBag found)
    {
        foreach (var mention in settings.UselessSkips.Where(mention => IsJudged(mention.Rule, options)))
        {
            var reason = mention.Rule.Severity == DiagnosticSeverity.Error ? "is an error, which nothing skips" : "finds nothing here that the skip would keep back";
            found.Report(Rules.UselessSkip, mention.Span, $"'{mention.Rule.Name}' {reason}");
        }
    }

    private static bool IsJudged(DiagnosticRule rule, CompileOptions options) =>
        !rule.IsExperimental && !DependOnBase.Contains(rule) && (options.Files is not null || !DependOnContext.Contains(rule));
}
