using System.Collections.Immutable;
using System.Text.Json;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Cli.Output;

/// <summary>Findings in the Static Analysis Results Interchange Format 2.1.0 (OASIS), as code hosts and editors read it.</summary>
internal static class SarifLog
{
    private const string Schema = "https://json.schemastore.org/sarif-2.1.0.json";

    public static void Write(Utf8JsonWriter json, ImmutableArray<Diagnostic> diagnostics)
    {
        var rules = diagnostics.Select(diagnostic => diagnostic.Rule).Distinct().OrderBy(rule => rule.Id, StringComparer.Ordinal).ToList();
        json.WriteStartObject();
        json.WriteString("$schema", Schema);
        json.WriteString("version", "2.1.0");
        json.WriteStartArray("runs");
        json.WriteStartObject();
        WriteTool(json, rules);
        json.WriteString("columnKind", "utf16CodeUnits");
        json.WriteStartArray("results");
        foreach (var diagnostic in diagnostics)
        {
            WriteResult(json, diagnostic, rules.IndexOf(diagnostic.Rule));
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTool(Utf8JsonWriter json, IEnumerable<DiagnosticRule> rules)
    {
        json.WriteStartObject("tool");
        json.WriteStartObject("driver");
        json.WriteString("name", "kleene");
        json.WriteString("version", CommandLineApplication.Version);
        json.WriteString("semanticVersion", CommandLineApplication.Version);
        json.WriteStartArray("rules");
        foreach (var rule in rules)
        {
            WriteRule(json, rule);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteRule(Utf8JsonWriter json, DiagnosticRule rule)
    {
        json.WriteStartObject();
        json.WriteString("id", rule.Id);
        json.WriteString("name", rule.Name);
        WriteText(json, "shortDescription", $"{rule.Title}.");
        json.WriteStartObject("help");
        json.WriteString("text", $"{rule.Title}; {rule.Help}.");
        json.WriteString("markdown", RulePages.Of(rule));
        json.WriteEndObject();
        if (rule.IsBuildKits)
        {
            json.WriteString("helpUri", $"https://docs.docker.com/go/dockerfile/rule/{Dashed(rule.Name)}/");
        }

        json.WriteStartObject("defaultConfiguration");
        json.WriteString("level", Level(rule.Severity));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteResult(Utf8JsonWriter json, Diagnostic diagnostic, int ruleIndex)
    {
        json.WriteStartObject();
        json.WriteString("ruleId", diagnostic.Rule.Id);
        json.WriteNumber("ruleIndex", ruleIndex);
        json.WriteString("level", Level(diagnostic.Severity));
        WriteText(json, "message", diagnostic.Message);
        json.WriteStartArray("locations");
        json.WriteStartObject();
        json.WriteStartObject("physicalLocation");
        WriteArtifact(json, diagnostic.Source);
        WriteRegion(json, "region", diagnostic.Span);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
        if (diagnostic.HasFix)
        {
            WriteFix(json, diagnostic);
        }

        json.WriteEndObject();
    }

    private static void WriteFix(Utf8JsonWriter json, Diagnostic diagnostic)
    {
        json.WriteStartArray("fixes");
        json.WriteStartObject();
        WriteText(json, "description", diagnostic.Rule.Help);
        json.WriteStartArray("artifactChanges");
        json.WriteStartObject();
        WriteArtifact(json, diagnostic.Fix[0].Span.Source);
        json.WriteStartArray("replacements");
        foreach (var edit in diagnostic.Fix)
        {
            json.WriteStartObject();
            WriteRegion(json, "deletedRegion", edit.Span);
            WriteText(json, "insertedContent", edit.NewText);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string text)
    {
        json.WriteStartObject(name);
        json.WriteString("text", text);
        json.WriteEndObject();
    }

    private static void WriteArtifact(Utf8JsonWriter json, SourceText source)
    {
        json.WriteStartObject("artifactLocation");
        json.WriteString("uri", Uri(source.Path));
        json.WriteEndObject();
    }

    private static void WriteRegion(Utf8JsonWriter json, string name, TextSpan span)
    {
        json.WriteStartObject(name);
        json.WriteNumber("startLine", span.StartPosition.Line);
        json.WriteNumber("startColumn", span.StartPosition.Column);
        json.WriteNumber("endLine", span.EndPosition.Line);
        json.WriteNumber("endColumn", span.EndPosition.Column);
        json.WriteEndObject();
    }

    /// <summary>A relative reference as RFC 3986 wants it: a name with a colon or a space is no longer one as it stands.</summary>
    private static string Uri(string path) =>
        path == "-" ? "stdin" : (path.StartsWith('/') ? "file://" : "") + string.Join('/', path.Split('/').Select(System.Uri.EscapeDataString));

    private static string Level(DiagnosticSeverity severity) => severity switch
    {
        DiagnosticSeverity.Error => "error",
        DiagnosticSeverity.Warning => "warning",
        _ => "note",
    };

    /// <summary><c>FromAsCasing</c> is <c>from-as-casing</c>, <c>JSONArgsRecommended</c> is <c>json-args-recommended</c>.</summary>
    private static string Dashed(string name)
    {
        var dashed = new System.Text.StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            var startsWord = i > 0 && char.IsAsciiLetterUpper(name[i])
                && (!char.IsAsciiLetterUpper(name[i - 1]) || (i + 1 < name.Length && char.IsAsciiLetterLower(name[i + 1])));
            dashed.Append(startsWord ? "-" : "").Append(char.ToLowerInvariant(name[i]));
        }

        return dashed.ToString();
    }
}
