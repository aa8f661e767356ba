using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary>Reads what RUN, CMD, ENTRYPOINT and SHELL take: a JSON array of strings, or text for a shell.</summary>
internal static class CommandReader
{
    public static CommandSyntax? Read(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.Text(head) is not { } text)
        {
            head.ReportMalformed(diagnostics, head.TextSpan, "has no command");
            return null;
        }

        if (ArgumentGrammar.Array(head) is not { } elements)
        {
            WarnOfLikelyArray(text, diagnostics);
            return new CommandSyntax.Shell(text);
        }

        return Strings(elements, diagnostics) is { IsDefault: false } arguments ? new CommandSyntax.Exec(arguments) : null;
    }

    /// <summary>The words of an array, or the default when one of them is no string.</summary>
    public static ImmutableArray<Word> Strings(IReadOnlyList<JsonElementSyntax> elements, DiagnosticBag diagnostics)
    {
        var good = true;
        foreach (var element in elements)
        {
            if (!element.IsString)
            {
                good = false;
                diagnostics.Report(
                    Rules.NonStringInArray, element.Word.Span, $"'{element.Word.Text}' is not a string; a JSON array here holds strings only");
            }
        }

        return good ? [.. elements.Select(element => element.Word)] : default;
    }

    /// <summary>An array that is not JSON silently means a shell in every implementation; here it is at least said.</summary>
    private static void WarnOfLikelyArray(Word text, DiagnosticBag diagnostics)
    {
        if (text.Text is ['[', .., ']'] && text.Text.AsSpan(1).TrimStart() is ['"' or '\'' or '\u201C', ..])
        {
            diagnostics.Report(
                Rules.JsonFormNotParsed, text.Span, "this is not a JSON array, so a shell will run it; expected double quotes and commas",
                InDoubleQuotes(text.Text) is { } array ? text.Replace(array) : null);
        }
    }

    /// <summary>The array that was meant, where only the quotes are of the wrong kind.</summary>
    private static string? InDoubleQuotes(string text)
    {
        if (text.AsSpan().IndexOfAny('"', '\\') >= 0)
        {
            return null;
        }

        var array = text.Replace('\'', '"').Replace('\u201C', '"').Replace('\u201D', '"');
        return ArgumentGrammar.IsArrayOfStrings(array) ? array : null;
    }
}
