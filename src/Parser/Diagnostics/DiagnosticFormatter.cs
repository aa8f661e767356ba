using System.Globalization;
using System.Text;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>Writes findings for people: the place, the rule, the message and the line with carets under it.</summary>
public static class DiagnosticFormatter
{
    public static string Format(Diagnostic diagnostic) => Format(diagnostic, withHelp: false);

    /// <param name="diagnostic">The finding.</param>
    /// <param name="withHelp">Whether the name of the rule and what to do follow; once for a rule is enough.</param>
    public static string Format(Diagnostic diagnostic, bool withHelp)
    {
        var start = diagnostic.Span.StartPosition;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{diagnostic.Source.Path}:{start.Line}:{start.Column}: ");
        text.Append(CultureInfo.InvariantCulture, $"{Word(diagnostic.Severity)} {diagnostic.Rule.Id}: {Visible(diagnostic.Message)}\n");
        if (diagnostic.Span != Diagnostic.WholeRequest(diagnostic.Source))
        {
            AppendExcerpt(text, diagnostic.Span, start);
        }

        for (var origin = diagnostic.Source.Origin; origin is { } place; origin = place.Source.Origin)
        {
            text.Append(CultureInfo.InvariantCulture, $"  included by {place.Source.Path}:{place.StartPosition.Line}\n");
        }

        if (withHelp)
        {
            var width = start.Line.ToString(CultureInfo.InvariantCulture).Length + 2;
            text.Append(' ', width).Append(CultureInfo.InvariantCulture, $" = help: {diagnostic.Rule.Help} ({diagnostic.Rule.Name})\n");
        }

        return text.ToString();
    }

    public static string Format(IEnumerable<Diagnostic> diagnostics) => string.Concat(diagnostics.Select(diagnostic => Format(diagnostic)));

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
        text.Append(Visible(span.Source.Text[line.Start..line.End])).Append('\n').Append(' ', number.Length + 2).Append(" | ");
        foreach (var c in span.Source.Text.AsSpan(line.Start, indent))
        {
            text.Append(c == '\t' ? '\t' : ' ');
        }

        text.Append('^', carets).Append('\n');
    }

    /// <summary>A Kleenefile is not allowed to drive the reader's terminal.</summary>
    private static string Visible(string text) =>
        text.Any(IsUnsafe) ? string.Concat(text.Select(c => IsUnsafe(c) ? '\uFFFD' : c)) : text;

    private static bool IsUnsafe(char c) => char.IsControl(c) && c != '\t';
}
