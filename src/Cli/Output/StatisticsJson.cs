using System.Text.Json;
using Kleene.Build.Runtime.Builds;

namespace Kleene.Build.Cli.Output;

/// <summary>What a step used, as members of a JSON object. What was not measured is left out.</summary>
internal static class StatisticsJson
{
    public static void Write(Utf8JsonWriter json, StepStatistics statistics)
    {
        Write(json, "cpu_ms", statistics.CpuMilliseconds);
        Write(json, "peak_memory_bytes", statistics.PeakMemoryBytes);
        Write(json, "read_bytes", statistics.ReadBytes);
        Write(json, "written_bytes", statistics.WrittenBytes);
        Write(json, "received_bytes", statistics.ReceivedBytes);
        Write(json, "sent_bytes", statistics.SentBytes);
        Write(json, "files_added", statistics.FilesAdded);
        Write(json, "files_changed", statistics.FilesChanged);
        Write(json, "files_removed", statistics.FilesRemoved);
        Write(json, "bytes_added", statistics.BytesAdded);
        Write(json, "bytes_removed", statistics.BytesRemoved);
        Write(json, "saved_ms", statistics.SavedMilliseconds);
    }

    private static void Write(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }
}
