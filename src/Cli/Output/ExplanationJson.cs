using System.Buffers;
using System.Text;
using System.Text.Json;
using Kleene.Build.Builder.Explaining;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Cli.Output;

/// <summary>An explanation for programs, with everything that is known.</summary>
internal static class ExplanationJson
{
    public static string Write(BuildExplanation explanation, FileBlame blame)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            WriteBuild(json, "build", explanation.Build);
            if (explanation.Against is { } against)
            {
                WriteBuild(json, "against", against);
            }
            else
            {
                json.WriteNull("against");
            }

            json.WriteStartArray("steps");
            foreach (var step in explanation.Steps)
            {
                WriteStep(json, step, blame);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteBuild(Utf8JsonWriter json, string name, BuildRecord build)
    {
        json.WriteStartObject(name);
        json.WriteString("id", build.Id);
        json.WriteString("name", build.Name);
        json.WriteString("started", build.Started);
        json.WriteString("state", build.State.ToString().ToLowerInvariant());
        json.WriteEndObject();
    }

    private static void WriteStep(Utf8JsonWriter json, StepExplanation explained, FileBlame blame)
    {
        var step = explained.Step;
        json.WriteStartObject();
        json.WriteNumber("step", step.Number);
        json.WriteString("place", step.Place);
        json.WriteString("text", step.Text);
        json.WriteString("state", step.State.ToString().ToLowerInvariant());
        json.WriteString("snapshot", step.Snapshot);
        json.WriteNumber("duration_ms", step.DurationMilliseconds);
        json.WritePropertyName("cause");
        if (explained.Cause is { } cause)
        {
            WriteCause(json, cause, blame);
        }
        else
        {
            json.WriteNullValue();
        }

        json.WriteString("advice", explained.Advice);
        json.WriteEndObject();
    }

    private static void WriteCause(Utf8JsonWriter json, Cause cause, FileBlame blame)
    {
        json.WriteStartObject();
        json.WriteString("kind", cause.GetType().Name.ToLowerInvariant());
        json.WriteString("text", CauseText.Of(cause));
        switch (cause)
        {
            case Cause.Lost lost:
                WriteBuild(json, "build", lost.Build);
                break;
            case Cause.Unanswered unanswered:
                WriteBuild(json, "build", unanswered.Build);
                break;
            case Cause.Changed changed:
                WriteChanges(json, changed.Changes, blame);
                break;
            case Cause.Rebased rebased:
                json.WriteString("base", rebased.Reference);
                json.WriteString("key", rebased.Key);
                json.WriteString("base_before", rebased.Before);
                json.WriteString("key_before", rebased.BeforeKey);
                WriteChanges(json, rebased.Own, blame);
                break;
            case Cause.Followed followed:
                json.WriteString("through", followed.Through);
                json.WriteNumber("step", followed.Step.Number);
                json.WriteNumber("root_step", (followed.RootStep ?? followed.Step).Number);
                json.WritePropertyName("root");
                WriteCause(json, followed.Root, blame);
                WriteChanges(json, followed.Own, blame);
                break;
        }

        json.WriteEndObject();
    }

    private static void WriteChanges(Utf8JsonWriter json, IEnumerable<InputChange> changes, FileBlame blame)
    {
        json.WriteStartArray("changes");
        foreach (var change in changes)
        {
            json.WriteStartObject();
            json.WriteString("input", change.Name);
            json.WriteString("item", change.Item);
            json.WriteString("before", change.Before);
            json.WriteString("after", change.After);
            json.WriteString("source", change.Origin?.Source);
            json.WriteString("place", change.Origin?.Place);
            if (change.IsMentioned is { } mentioned)
            {
                json.WriteBoolean("mentioned", mentioned);
            }

            json.WriteStartArray("files");
            foreach (var file in change.Files)
            {
                WriteFile(json, file, blame);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteFile(Utf8JsonWriter json, FileDifference file, FileBlame blame)
    {
        json.WriteStartObject();
        json.WriteString("path", file.Path.ToDisplay());
        json.WriteString("change", file.Change);
        json.WritePropertyName("aspects");
        json.WriteStrings(file.Aspects);
        WriteState(json, "before", file.Before);
        WriteState(json, "after", file.After);
        if (blame.Changes.GetValueOrDefault(file.Path) is { } change)
        {
            json.WriteStartObject("commit");
            json.WriteString("id", change.Commit);
            json.WriteString("author", change.Author);
            json.WriteString("date", change.Date);
            json.WriteString("subject", change.Subject);
            json.WriteBoolean("committed", change.IsCommitted);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteState(Utf8JsonWriter json, string name, FileListEntry? state)
    {
        if (state is not { } entry)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("kind", entry.Kind.ToString());
        json.WriteString("mode", Convert.ToString((int)entry.Permissions, 8).PadLeft(4, '0'));
        json.WriteNumber("size", entry.Size);
        json.WriteEndObject();
    }
}
