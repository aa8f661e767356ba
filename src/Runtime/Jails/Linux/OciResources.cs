using System.Collections.Immutable;
using System.Text.Json;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>What a jail's control group allows, as an OCI bundle has it: devices, memory, processors, processes.</summary>
internal static class OciResources
{
    private const long CpuPeriodMicroseconds = 100_000;

    /// <summary>null, zero, full, random, urandom, tty, console, ptmx and the pseudo-terminals: all others cannot be opened, whoever makes their nodes.</summary>
    private static readonly ImmutableArray<(int Major, int? Minor)> Devices =
        [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, null)];

    public static void Write(Utf8JsonWriter json, JailSpec spec, bool countsSwap)
    {
        var limits = spec.Limits;
        json.WriteStartObject("resources");
        WriteDevices(json, spec.IsPrivileged);
        if (limits.MemoryBytes is { } bytes)
        {
            json.WriteStartObject("memory");
            json.WriteNumber("limit", bytes);
            if (countsSwap)
            {
                // Memory and swap together: the same number leaves no swap.
                json.WriteNumber("swap", bytes);
            }

            json.WriteEndObject();
        }

        if (limits.Cpus is { } cpus)
        {
            json.WriteStartObject("cpu");
            json.WriteNumber("quota", (long)Math.Round(cpus * CpuPeriodMicroseconds));
            json.WriteNumber("period", CpuPeriodMicroseconds);
            json.WriteEndObject();
        }

        if (limits.Processes is { } processes)
        {
            json.WriteStartObject("pids");
            json.WriteNumber("limit", processes);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteDevices(Utf8JsonWriter json, bool isPrivileged)
    {
        json.WriteStartArray("devices");
        if (isPrivileged)
        {
            WriteDevice(json, allow: true, "a", null, null, "rwm");
            json.WriteEndArray();
            return;
        }

        WriteDevice(json, allow: false, null, null, null, "rwm");

        // Making a node is harmless where it cannot be opened, and archives hold them.
        WriteDevice(json, allow: true, "c", null, null, "m");
        WriteDevice(json, allow: true, "b", null, null, "m");
        foreach (var (major, minor) in Devices)
        {
            WriteDevice(json, allow: true, "c", major, minor, "rwm");
        }

        json.WriteEndArray();
    }

    private static void WriteDevice(Utf8JsonWriter json, bool allow, string? type, int? major, int? minor, string access)
    {
        json.WriteStartObject();
        json.WriteBoolean("allow", allow);
        if (type is not null)
        {
            json.WriteString("type", type);
        }

        if (major is { } majorNumber)
        {
            json.WriteNumber("major", majorNumber);
        }

        if (minor is { } minorNumber)
        {
            json.WriteNumber("minor", minorNumber);
        }

        json.WriteString("access", access);
        json.WriteEndObject();
    }
}
