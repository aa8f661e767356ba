using System.Buffers;
using System.Text;
using System.Text.Json;
using Kleene.Build.Builder.Events;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Space;

namespace Kleene.Build.Cli.Output;

/// <summary>One JSON object a line, for programs. The names are those of the command-line contract.</summary>
internal sealed class JsonProgress(TextWriter writer, TimeProvider clock) : IBuildPrinter
{
    private readonly ArrayBufferWriter<byte> buffer = new();

    public void Print(BuildEvent happened)
    {
        if (happened is BuildEvent.Profiled)
        {
            // It has files of its own.
            return;
        }

        buffer.Clear();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("time", clock.GetUtcNow());
            Write(json, happened);
            json.WriteEndObject();
        }

        writer.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static void Write(Utf8JsonWriter json, BuildEvent happened)
    {
        switch (happened)
        {
            case BuildEvent.Diagnosed diagnosed:
                json.WriteString("type", "diagnostic");
                DiagnosticJson.WriteMembers(json, diagnosed.Diagnostic);
                break;
            case BuildEvent.Started started:
                json.WriteString("type", "build.started");
                json.WriteString("target", started.Target);
                json.WriteNumber("total", started.Total);
                json.WriteString("build", started.Build);
                break;
            case BuildEvent.Unrecorded unrecorded:
                json.WriteString("type", "warning");
                json.WriteString("message", FailureText.Of(unrecorded));
                break;
            case BuildEvent.Evicted evicted:
                json.WriteString("type", "cache.evicted");
                WriteEviction(json, evicted.Eviction);
                break;
            case BuildEvent.StepStarted started:
                Step(json, "step.started", started.Step);
                break;
            case BuildEvent.StepWaiting waits:
                Step(json, "step.waiting", waits.Step);
                break;
            case BuildEvent.StepOutput output:
                Step(json, "step.output", output.Step);
                json.WriteString("stream", output.Kind == OutputKind.Output ? "stdout" : "stderr");
                json.WriteString("data", output.Line);
                break;
            case BuildEvent.StepCached cached:
                Step(json, "step.cached", cached.Step);
                json.WriteString("snapshot", cached.Snapshot.ToString());
                break;
            case BuildEvent.StepCompleted completed:
                Step(json, "step.completed", completed.Step);
                json.WriteString("snapshot", completed.Snapshot.ToString());
                json.WriteNumber("duration_ms", (long)completed.Duration.TotalMilliseconds);
                break;
            case BuildEvent.StepFailed failed:
                Step(json, "step.failed", failed.Step);
                WriteExit(json, failed.Exit);
                json.WriteString("message", failed.Message);
                json.WriteString("snapshot", failed.LastGood?.ToString());
                json.WriteNumber("duration_ms", (long)failed.Duration.TotalMilliseconds);
                break;
            case BuildEvent.Completed completed:
                json.WriteString("type", "build.completed");
                json.WriteString("image", completed.Image.Id);
                json.WriteString("snapshot", completed.Image.Snapshot.ToString());
                json.WriteNumber("duration_ms", (long)completed.Duration.TotalMilliseconds);
                break;
            case BuildEvent.Failed failed:
                json.WriteString("type", "build.failed");
                json.WriteString("image", failed.Kept?.Id);
                json.WriteString("snapshot", failed.Snapshot?.ToString());
                json.WriteString("message", failed.Message);
                json.WriteNumber("duration_ms", (long)failed.Duration.TotalMilliseconds);
                break;
        }
    }

    private static void Step(Utf8JsonWriter json, string type, StepPlace step)
    {
        json.WriteString("type", type);
        json.WriteNumber("step", step.Number);
        json.WriteString("stage", step.Stage.DisplayName);
        json.WriteNumber("index", step.Step.Index);
        json.WriteNumber("total", step.Total);
        json.WriteString("text", step.Step.Text);
        json.WriteNumber("line", step.Step.Line);
    }

    private static void WriteEviction(Utf8JsonWriter json, Eviction eviction)
    {
        json.WriteString("message", FailureText.Of(eviction));
        json.WriteNumber("bytes", eviction.Bytes);
        json.WriteNumber("max_bytes", eviction.Maximum);
        json.WriteStartArray("snapshots");
        foreach (var step in eviction.Steps)
        {
            json.WriteStartObject();
            json.WriteString("snapshot", step.Id.ToString());
            json.WriteString("text", step.Text);
            json.WriteNumber("bytes", step.Bytes);
            json.WriteNumber("saved_ms", (long)step.Saves.TotalMilliseconds);
            json.WriteString("last_use", step.LastUse);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteExit(Utf8JsonWriter json, ExitStatus? exit)
    {
        if (exit is { } status)
        {
            json.WriteNumber("exit_code", status.ShellCode);
        }
        else
        {
            json.WriteNull("exit_code");
        }
    }
}
