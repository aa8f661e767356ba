using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Kleene.Build.Runtime.Builds;

/// <summary>
/// Writes the detail of a build by hand: every build does it, and to prepare the serializer for these types would take longer than all else that
/// a cached build writes. It is read by the serializer, under the same names.
/// </summary>
internal static class BuildDetailJson
{
    public static string Write(BuildDetail detail)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("kleenefile", detail.Kleenefile);
            json.WriteString("context", detail.Context);
            json.WriteString("target", detail.Target);
            WriteUnlessNull(json, "message", detail.Message);
            json.WriteStartArray("stages");
            foreach (var stage in detail.Stages)
            {
                json.WriteStartObject();
                json.WriteNumber("index", stage.Index);
                json.WriteString("name", stage.Name);
                json.WriteString("place", stage.Place);
                json.WriteString("base", stage.Base);
                json.WriteString("baseKey", stage.BaseKey);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("imageKeys");
            foreach (var key in detail.ImageKeys)
            {
                json.WriteStringValue(key);
            }

            json.WriteEndArray();
            json.WriteStartArray("steps");
            foreach (var step in detail.Steps)
            {
                Write(json, step);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, RecordedStep step)
    {
        json.WriteStartObject();
        json.WriteNumber("number", step.Number);
        json.WriteNumber("stage", step.Stage);
        json.WriteString("place", step.Place);
        json.WriteString("text", step.Text);
        json.WriteString("key", step.Key);
        json.WriteString("state", step.State.ToString());
        WriteUnlessNull(json, "snapshot", step.Snapshot);
        if (step.DurationMilliseconds != 0)
        {
            json.WriteNumber("durationMilliseconds", step.DurationMilliseconds);
        }

        if (step.IsForced)
        {
            json.WriteBoolean("isForced", true);
        }

        WriteUnlessNull(json, "message", step.Message);
        if (step.Statistics is { } statistics)
        {
            json.WriteStartObject("statistics");
            Write(json, statistics);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, StepStatistics statistics)
    {
        WriteUnlessNull(json, "cpuMilliseconds", statistics.CpuMilliseconds);
        WriteUnlessNull(json, "peakMemoryBytes", statistics.PeakMemoryBytes);
        WriteUnlessNull(json, "readBytes", statistics.ReadBytes);
        WriteUnlessNull(json, "writtenBytes", statistics.WrittenBytes);
        WriteUnlessNull(json, "receivedBytes", statistics.ReceivedBytes);
        WriteUnlessNull(json, "sentBytes", statistics.SentBytes);
        WriteUnlessNull(json, "filesAdded", statistics.FilesAdded);
        WriteUnlessNull(json, "filesChanged", statistics.FilesChanged);
        WriteUnlessNull(json, "filesRemoved", statistics.FilesRemoved);
        WriteUnlessNull(json, "bytesAdded", statistics.BytesAdded);
        WriteUnlessNull(json, "bytesRemoved", statistics.BytesRemoved);
        WriteUnlessNull(json, "savedMilliseconds", statistics.SavedMilliseconds);
    }

    private static void WriteUnlessNull(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void WriteUnlessNull(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
