using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Linting.Checks;

/// <summary>
/// Which findings of a file count, and for how much: what its <c>check</c> directive says, or in its place the build argument
/// <c>BUILDKIT_DOCKERFILE_CHECK</c>, and what is said above single instructions.
/// </summary>
internal sealed class CheckSettings
{
    public const string BuildArgument = "BUILDKIT_DOCKERFILE_CHECK";

    private readonly CheckOptions options;
    private readonly List<SkipComment> comments;

    private readonly bool raisesAll;

    private CheckSettings(CheckOptions options, List<SkipComment> comments, bool raisesAll)
    {
        this.options = options;
        this.comments = comments;
        this.raisesAll = raisesAll;
    }

    public static CheckSettings Read(KleenefileSyntax syntax, CompileOptions compile, DiagnosticBag diagnostics)
    {
        var raisesAll = compile.Lint == LintLevel.Everything;
        var comments = SkipComment.Read(syntax, diagnostics);
        if (compile.Arguments.Find(BuildArgument) is { } given)
        {
            return new CheckSettings(CheckOptions.Read(given, (_, _) => Diagnostic.WholeRequest(syntax.Source), diagnostics), comments, raisesAll);
        }

        var directive = syntax.Directives.FirstOrDefault(directive => directive.Name == Directives.Check);
        var options = directive is null
            ? CheckOptions.None
            : CheckOptions.Read(
                directive.Value,
                (offset, length) => new TextSpan(syntax.Source, directive.ValueSpan.Start + offset, directive.ValueSpan.Start + offset + length),
                diagnostics);
        return new CheckSettings(options, comments, raisesAll);
    }

    /// <summary>The findings that are left, with the weight that they have in this file. Errors always are.</summary>
    public ImmutableArray<Diagnostic> Apply(ImmutableArray<Diagnostic> found) => [.. found.Where(Keeps).Select(Raise)];

    /// <summary>The rules named by a skip that has kept nothing back.</summary>
    public IEnumerable<RuleMention> UselessSkips =>
        comments.SelectMany(comment => comment.Options.Skipped).Concat(options.Skipped).Where(mention => !mention.IsUsed);

    private bool Keeps(Diagnostic diagnostic)
    {
        if (diagnostic.Severity == DiagnosticSeverity.Error)
        {
            return true;
        }

        // A rule on trial is asked for, and needs no skip.
        if (diagnostic.Rule.IsExperimental && !IsOnTrial(diagnostic))
        {
            return false;
        }

        var isSkipped = Skips(options, diagnostic.Rule);
        foreach (var comment in comments.Where(comment => comment.Covers(diagnostic.Span)))
        {
            isSkipped |= Skips(comment.Options, diagnostic.Rule);
        }

        return !isSkipped;
    }

    private bool IsOnTrial(Diagnostic diagnostic) =>
        comments.Where(comment => comment.Covers(diagnostic.Span)).Select(comment => comment.Options).Append(options)
            .Any(asked => asked.AllExperimental || asked.Experimental.Contains(diagnostic.Rule));

    private static bool Skips(CheckOptions options, DiagnosticRule rule)
    {
        var mentions = options.Skipped.Where(mention => mention.Rule == rule).ToList();
        mentions.ForEach(mention => mention.IsUsed = true);
        return options.SkipsAll || mentions.Count > 0;
    }

    /// <summary>A build that other builders carry out is not failed by rules that they do not have; a check is there to be strict.</summary>
    private Diagnostic Raise(Diagnostic diagnostic) =>
        options.WarningsAreErrors && diagnostic.Severity == DiagnosticSeverity.Warning && (raisesAll || diagnostic.Rule.IsBuildKits)
            ? diagnostic with { Severity = DiagnosticSeverity.Error }
            : diagnostic;
}
