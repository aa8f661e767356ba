using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Linting.LintRules;

/// <summary>Capital and small letters that mean the same and read badly together.</summary>
internal static class CasingRules
{
    public static void FromAsCasing(LintedFile file, DiagnosticBag found)
    {
        foreach (var from in file.Openings)
        {
            // An instruction in mixed case is reported as that.
            var keyword = from.Head.Keyword.Text;
            if (AsKeyword(from) is not { } written || !(IsUpper(keyword) || IsLower(keyword)))
            {
                continue;
            }

            var wanted = IsUpper(keyword) ? "AS" : "as";
            if (written.Text != wanted)
            {
                found.Report(
                    Rules.FromAsCasing, written.Span, $"'{written.Text}' and '{keyword}' are written in different case; write '{wanted}'",
                    new TextEdit(written.Span, wanted));
            }
        }
    }

    /// <summary>The majority decides, capital letters win a draw. ARGs above the first FROM have no vote, as in BuildKit.</summary>
    public static void ConsistentInstructionCasing(LintedFile file, DiagnosticBag found)
    {
        var keywords = new List<Word>();
        foreach (var stage in file.Stages)
        {
            if (stage.From is { } from)
            {
                keywords.Add(from.Head.Keyword);
            }

            keywords.AddRange(stage.Instructions.Select(instruction => instruction.Head.Keyword));
        }

        var isLowerCommon = keywords.Count(keyword => IsLower(keyword.Text)) > keywords.Count(keyword => IsUpper(keyword.Text));
        foreach (var keyword in keywords)
        {
            var wanted = isLowerCommon ? keyword.Text.ToLowerInvariant() : keyword.Text.ToUpperInvariant();
            if (keyword.Text != wanted)
            {
                found.Report(
                    Rules.ConsistentInstructionCasing, keyword.Span, $"most instructions here are in {(isLowerCommon ? "small" : "capital")} letters; write '{wanted}'",
                    new TextEdit(keyword.Span, wanted));
            }
        }
    }

    private static Word? AsKeyword(FromSyntax from)
    {
        if (from.Name is not { } name)
        {
            return null;
        }

        var start = from.Image.Start + from.Image.Length;
        var between = from.Head.Line.Text.AsSpan(start, name.Start - start);
        var blanks = between.Length - between.TrimStart().Length;
        var length = between.Trim().Length;
        return new Word(between.Trim().ToString(), from.Head.Line, start + blanks, length);
    }

    private static bool IsUpper(string text) => !text.Any(char.IsAsciiLetterLower);

    private static bool IsLower(string text) => !text.Any(char.IsAsciiLetterUpper);
}
