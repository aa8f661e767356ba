using System.Text.Json;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>Writes findings for programs, the same in a plan and among the events of a build.</summary>
public static class DiagnosticJson
{
    /// <summary>The members of an object that is open.</summary>
    public static void WriteMembers(Utf8JsonWriter json, Diagnostic diagnostic)
    {
        json.WriteString("rule", diagnostic.Rule.Id);
        json.WriteString("name", diagnostic.Rule.Name);
        json.WriteString("severity", DiagnosticFormatter.Word(diagnostic.Severity));
        if (diagnostic.Source.Origin is not null)
        {
            json.WriteString("file", diagnostic.Source.Path);
        }

        WritePlace(json, diagnostic.Span);
        json.WriteString("message", diagnostic.Message);
    }

    /// <summary>What can be done about it, for whoever shows or corrects findings.</summary>
    public static void WriteAdvice(Utf8JsonWriter json, Diagnostic diagnostic)
    {
        json.WriteString("help", diagnostic.Rule.Help);
        json.WriteStartArray("fix");
        foreach (var edit in diagnostic.Fix)
        {
            json.WriteStartObject();
            WritePlace(json, edit.Span);
            json.WriteString("text", edit.NewText);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WritePlace(Utf8JsonWriter json, TextSpan span)
    {
        var start = span.StartPosition;
        var end = span.EndPosition;
        json.WriteNumber("line", start.Line);
        json.WriteNumber("column", start.Column);
        json.WriteNumber("endLine", end.Line);
        json.WriteNumber("endColumn", end.Column);
    }
}
