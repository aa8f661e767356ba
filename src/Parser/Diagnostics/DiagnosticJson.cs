using System.Text.Json;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>Writes findings for programs, the same in a plan and among the events of a build.</summary>
public static class DiagnosticJson
{
    /// <summary>The members of an object that is open.</summary>
    public static void WriteMembers(Utf8JsonWriter json, SourceText source, Diagnostic diagnostic)
    {
        var start = source.PositionOf(diagnostic.Span.Start);
        var end = source.PositionOf(diagnostic.Span.End);
        json.WriteString("rule", diagnostic.Rule.Id);
        json.WriteString("name", diagnostic.Rule.Name);
        json.WriteString("severity", DiagnosticFormatter.Word(diagnostic.Severity));
        json.WriteNumber("line", start.Line);
        json.WriteNumber("column", start.Column);
        json.WriteNumber("endLine", end.Line);
        json.WriteNumber("endColumn", end.Column);
        json.WriteString("message", diagnostic.Message);
    }
}
