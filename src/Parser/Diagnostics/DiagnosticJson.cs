using System.Text.Json;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>Writes findings for programs, the same in a plan and among the events of a build.</summary>
public static class DiagnosticJson
{
    /// <summary>The members of an object that is open.</summary>
    public static void WriteMembers(Utf8JsonWriter json, Diagnostic diagnostic)
    {
        var start = diagnostic.Span.StartPosition;
        var end = diagnostic.Span.EndPosition;
        json.WriteString("rule", diagnostic.Rule.Id);
        json.WriteString("name", diagnostic.Rule.Name);
        json.WriteString("severity", DiagnosticFormatter.Word(diagnostic.Severity));
        if (diagnostic.Source.Origin is not null)
        {
            json.WriteString("file", diagnostic.Source.Path);
        }

        json.WriteNumber("line", start.Line);
        json.WriteNumber("column", start.Column);
        json.WriteNumber("endLine", end.Line);
        json.WriteNumber("endColumn", end.Column);
        json.WriteString("message", diagnostic.Message);
    }
}
