using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Cli.Output;

/// <summary>The findings of <c>kleene check</c> in the forms that it gives them.</summary>
internal static class CheckReport
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Text(Compilation compilation) =>
        new DiagnosticPrinter().Format(compilation.Diagnostics) + Summary(compilation);

    public static string Json(Compilation compilation) => Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("kleenefile", compilation.Source.Path);
        json.WriteNumber("errors", Count(compilation, DiagnosticSeverity.Error));
        json.WriteNumber("warnings", Count(compilation, DiagnosticSeverity.Warning));
        json.WriteStartArray("diagnostics");
        foreach (var diagnostic in compilation.Diagnostics)
        {
            json.WriteStartObject();
            DiagnosticJson.WriteMembers(json, diagnostic);
            DiagnosticJson.WriteAdvice(json, diagnostic);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    public static string Sarif(Compilation compilation) => Write(json => SarifLog.Write(json, compilation.Diagnostics));

    private static string Write(Action<Utf8JsonWriter> content)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            content(json);
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }

    /// <summary>How much there is, and how much of it goes away by itself; nothing where nothing was found.</summary>
    private static string Summary(Compilation compilation)
    {
        string[] counts =
        [
            .. new[] { DiagnosticSeverity.Error, DiagnosticSeverity.Warning, DiagnosticSeverity.Info }
                .Select(severity => (Count: Count(compilation, severity), Word: DiagnosticFormatter.Word(severity)))
                .Where(found => found.Count > 0)
                .Select(found => $"{found.Count} {found.Word}{(found.Count == 1 || found.Word == "info" ? "" : "s")}"),
        ];
        var correctable = compilation.Diagnostics.Count(diagnostic => diagnostic.HasFix);
        return counts.Length == 0
            ? ""
            : $"{string.Join(", ", counts)}{(correctable == 0 ? "" : $"; 'kleene check --fix' corrects {(correctable == compilation.Diagnostics.Length ? (correctable == 1 ? "it" : "all of them") : $"{correctable} of them")}")}\n";
    }

    private static int Count(Compilation compilation, DiagnosticSeverity severity) => compilation.Diagnostics.Count(diagnostic => diagnostic.Severity == severity);
}
