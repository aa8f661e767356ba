using Kleene.Build.Parser.Diagnostics;

using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Linting.LintRules;

/// <summary>The <c>--platform</c> of FROM.</summary>
internal static class PlatformRules
{
    private const string Target = "TARGETPLATFORM";

    public static void RedundantTargetPlatform(LintedFile file, DiagnosticBag found)
    {
        foreach (var from in file.Openings)
        {
            if (from.Head.Flags.FirstOrDefault(flag => flag.Name == "platform") is { Value: { } value } flag
                && UsedVariables.In(value.Text, file.Escape, file.Options.Platform) is { Names: [Target], Value: var platform }
                && platform == file.Options.Platform)
            {
                found.Report(
                    Rules.RedundantTargetPlatform, flag.Word.Span, $"'{flag.Word.Text}' is what FROM takes anyway",
                    Removed(flag.Word.Span));
            }
        }
    }

    /// <summary>Fine where the name of the stage says so: then the stage is for one platform on purpose.</summary>
    public static void FromPlatformFlagConstDisallowed(LintedFile file, DiagnosticBag found)
    {
        foreach (var from in file.Openings)
        {
            if (from.Head.Flag("platform") is { } value
                && UsedVariables.In(value.Text, file.Escape, "") is { Names: [], Value: var written }
                && PlatformName.TryParse(written, file.Options.Platform) is { } platform
                && !IsNamedFor(from, platform.System) && !IsNamedFor(from, platform.Architecture))
            {
                found.Report(
                    Rules.FromPlatformFlagConstDisallowed, value.Span,
                    $"the platform '{written}' is fixed, so this file builds for no other; use $BUILDPLATFORM or leave the flag out");
            }
        }
    }

    private static bool IsNamedFor(FromSyntax from, string part) =>
        from.Name is { } name && name.Text.Contains(part, StringComparison.OrdinalIgnoreCase);

    /// <summary>The flag and the blanks behind it; null where the line ends there.</summary>
    private static TextEdit? Removed(TextSpan flag)
    {
        var text = flag.Source.Text;
        var end = flag.End;
        while (end < text.Length && text[end] is ' ' or '\t')
        {
            end++;
        }

        return end == flag.End || end == text.Length || text[end] is '\\' or '`' or '\r' or '\n' ? null : new TextEdit(new TextSpan(flag.Source, flag.Start, end), "");
    }
}
