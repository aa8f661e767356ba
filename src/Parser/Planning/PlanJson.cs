using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Parser.Planning;

/// <summary>A compilation as JSON. Members are always there, empty where there is nothing to say.</summary>
internal static class PlanJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(Compilation compilation)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartObject();
            json.WriteString("kleenefile", compilation.Source.Path);
            json.WriteString("target", compilation.Plan?.Target.DisplayName);
            json.WriteStartArray("stages");
            foreach (var stage in compilation.Plan?.Stages ?? [])
            {
                WriteStage(json, stage, compilation.Plan!);    // there are stages, so there is a plan
            }

            json.WriteEndArray();
            WriteDiagnostics(json, compilation);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }

    private static void WriteStage(Utf8JsonWriter json, PlannedStage stage, BuildPlan plan)
    {
        json.WriteStartObject();
        json.WriteNumber("index", stage.Index);
        json.WriteString("name", stage.Name);
        json.WriteBoolean("reachable", stage.IsReachable);
        WriteBase(json, stage.Base, plan);
        if (stage.Config.Platform.Length > 0)
        {
            json.WriteString("platform", stage.Config.Platform);
        }

        json.WriteStartArray("steps");
        foreach (var step in stage.Steps)
        {
            WriteStep(json, step, plan);
        }

        json.WriteEndArray();
        WriteConfig(json, stage.Config);
        json.WriteEndObject();
    }

    private static void WriteBase(Utf8JsonWriter json, StageBase stageBase, BuildPlan plan)
    {
        var (kind, reference, snapshot) = stageBase switch
        {
            StageBase.Image image => SplitSnapshot(image.Reference),
            StageBase.Stage stage => ("stage", plan.Stages[stage.Index].DisplayName, null),
            StageBase.Scratch => ("scratch", "scratch", null),
            _ => throw new UnreachableException(),
        };

        json.WriteStartObject("base");
        json.WriteString("kind", kind);
        json.WriteString("ref", reference);
        json.WriteString("snapshot", snapshot);
        json.WriteEndObject();
    }

    /// <summary>What follows <c>@</c> is a snapshot, unless it is a digest, which has a colon.</summary>
    private static (string Kind, string Reference, string? Snapshot) SplitSnapshot(string reference)
    {
        var at = reference.LastIndexOf('@');
        return at < 0 || reference.IndexOf(':', at) >= 0
            ? ("image", reference, null)
            : ("image", reference[..at], reference[(at + 1)..]);
    }

    private static void WriteStep(Utf8JsonWriter json, BuildStep step, BuildPlan plan)
    {
        var run = step as BuildStep.Run;
        var copy = step as BuildStep.Copy;
        var workdir = step as BuildStep.Workdir;

        json.WriteStartObject();
        json.WriteNumber("index", step.Index);
        if (step.File != plan.Kleenefile)
        {
            json.WriteString("file", step.File);
        }

        json.WriteNumber("line", step.Line);
        json.WriteNumber("endLine", step.EndLine);
        json.WriteNumber("column", step.Column);
        json.WriteString("instruction", step.Instruction);
        json.WriteString("text", step.Text);
        json.WriteString("kind", step.Instruction.ToLowerInvariant());
        WriteArray(json, "argv", run?.Argv ?? []);
        WriteArray(json, "env", run?.Environment ?? []);
        json.WriteString("user", run?.User ?? workdir?.User ?? "");
        json.WriteString("workdir", run?.WorkingDirectory ?? copy?.WorkingDirectory ?? workdir?.Path);
        json.WriteString("network", run?.Network ?? "default");
        MountJson.Write(json, run?.Mounts ?? [], origin => From(origin, plan));
        WriteArray(json, "sources", copy?.Sources ?? []);
        json.WriteString("from", From(copy?.From, plan));
        json.WriteString("destination", copy?.Destination ?? workdir?.Path);
        json.WriteString("chown", copy is { Owner.Length: > 0 } ? copy.Owner : null);
        json.WriteString("chmod", copy is { Mode.Length: > 0 } ? copy.Mode : null);
        WriteArray(json, "exclude", copy?.Exclude ?? []);
        json.WriteBoolean("parents", copy is { KeepsParents: true });
        json.WriteBoolean("ifExists", copy is { MayBeMissing: true });
        json.WriteBoolean("link", copy is { IsLinked: true });
        json.WriteString("checksum", copy is { Add.Checksum.Length: > 0 } ? copy.Add.Checksum : null);
        WriteSwitch(json, "unpack", copy?.Add?.Unpacks);
        WriteSwitch(json, "keepGitDir", copy?.Add?.KeepsGitDirectory);
        WriteHeredocs(json, run?.Heredocs ?? copy?.Heredocs ?? []);
        json.WriteEndObject();
    }

    private static void WriteSwitch(Utf8JsonWriter json, string name, bool? value)
    {
        json.WritePropertyName(name);
        if (value is { } on)
        {
            json.WriteBooleanValue(on);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    private static void WriteHeredocs(Utf8JsonWriter json, IEnumerable<PlannedHeredoc> heredocs)
    {
        json.WriteStartArray("heredocs");
        foreach (var heredoc in heredocs)
        {
            json.WriteStartObject();
            json.WriteString("name", heredoc.Name);
            json.WriteString("content", heredoc.Content);
            json.WriteBoolean("expand", heredoc.Expand);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string? From(TreeOrigin? origin, BuildPlan plan) => origin switch
    {
        null or TreeOrigin.Context => null,
        TreeOrigin.Named named => named.Name,
        TreeOrigin.Stage stage => plan.Stages[stage.Index].DisplayName,
        TreeOrigin.Image image => image.Reference,
        _ => throw new UnreachableException(),
    };

    private static void WriteConfig(Utf8JsonWriter json, StageConfig config)
    {
        json.WriteStartObject("config");
        WriteArray(json, "Env", config.Env);
        WriteArray(json, "Cmd", config.Cmd);
        WriteArray(json, "Entrypoint", config.Entrypoint);
        json.WriteString("User", config.User);
        json.WriteString("WorkingDir", config.WorkingDir);
        WriteSet(json, "ExposedPorts", config.ExposedPorts);
        WriteSet(json, "Volumes", config.Volumes);
        if (config.Author.Length > 0)
        {
            json.WriteString("Author", config.Author);
        }

        json.WriteStartObject("Labels");
        foreach (var (name, value) in config.Labels)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
        json.WriteString("StopSignal", config.StopSignal);
        WriteHealthcheck(json, config.Healthcheck);
        WriteArray(json, "Shell", config.Shell);
        WriteArray(json, "OnBuild", config.OnBuild);
        json.WriteEndObject();
    }

    private static void WriteHealthcheck(Utf8JsonWriter json, Healthcheck? check)
    {
        if (check is null)
        {
            json.WriteNull("Healthcheck");
            return;
        }

        json.WriteStartObject("Healthcheck");
        WriteArray(json, "Test", check.Test);
        json.WriteNumber("Interval", check.Interval);
        json.WriteNumber("Timeout", check.Timeout);
        json.WriteNumber("StartPeriod", check.StartPeriod);
        json.WriteNumber("StartInterval", check.StartInterval);
        json.WriteNumber("Retries", check.Retries);
        json.WriteEndObject();
    }

    private static void WriteDiagnostics(Utf8JsonWriter json, Compilation compilation)
    {
        json.WriteStartArray("diagnostics");
        foreach (var diagnostic in compilation.Diagnostics)
        {
            json.WriteStartObject();
            DiagnosticJson.WriteMembers(json, diagnostic);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteArray(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    /// <summary>The image configuration writes a set as an object of empty objects.</summary>
    private static void WriteSet(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartObject(name);
        foreach (var value in values)
        {
            json.WriteStartObject(value);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
