using System.Globalization;
using System.Text;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>Writes findings for people: the place, the rule, the message and the line with carets under it.</summary>
public static class DiagnosticFormatter
{
    public static string Format(Diagnostic diagnostic)
    {
        var start = diagnostic.Span.StartPosition;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{diagnostic.Source.Path}:{start.Line}:{start.Column}: ");
        text.Append(CultureInfo.InvariantCulture, $"{Word(diagnostic.Severity)} {diagnostic.Rule.Id}: {diagnostic.Message}\n");
        if (diagnostic.Span != Diagnostic.WholeRequest(diagnostic.Source))
        {
            AppendExcerpt(text, diagnostic.Span, start);
        }

        for (var origin = diagnostic.Source.Origin; origin is { } place; origin = place.Source.Origin)
        {
            text.Append(CultureInfo.InvariantCulture, $"  included by {place.Source.Path}:{place.StartPosition.Line}\n");
        }

        return text.ToString();
    }

    public static string Format(IEnumerable<Diagnostic> diagnostics) => string.Concat(diagnostics.Select(Format));

    /// <summary>The severity as it is written in text and in JSON.</summary>
    public static string Word(DiagnosticSeverity severity) => severity switch
    {
        DiagnosticSeverity.Error => "error",
        DiagnosticSeverity.Warning => "warning",
        _ => "info",
    };

    private static void AppendExcerpt(StringBuilder text, TextSpan span, LinePosition start)
    {
        var line = span.Source.LineSpan(start.Line);
        var number = start.Line.ToString(CultureInfo.InvariantCulture);
        var indent = Math.Max(0, Math.Min(span.Start, line.End) - line.Start);
        var carets = Math.Max(1, Math.Min(span.End, line.End) - line.Start - indent);

        text.Append("  ").Append(number).Append(" | ");
        foreach (var c in span.Source.Text.AsSpan(line.Start, line.Length))
        {
            // A Kleenefile is not allowed to drive the reader's terminal.
            text.Append(char.IsControl(c) && c != '\t' ? '\uFFFD' : c);
        }

        text.Append('\n').Append(' ', number.Length + 2).Append(" | ");
        foreach (var c in span.Source.Text.AsSpan(line.Start, indent))
        {
            text.Append(c == '\t' ? '\t' : ' ');
        }

        text.Append('^', carets).Append('\n');
    }
}
