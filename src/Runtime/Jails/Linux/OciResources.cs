using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>What a jail's control group allows, as an OCI bundle has it: devices, memory, processors, processes.</summary>
internal static class OciResources
{
    /// <summary>What a share of the processors' time is counted in (sched-bwc).</summary>
    public const long CpuPeriodMicroseconds = 100_000;

    /// <summary>null, zero, full, random, urandom, tty, console, ptmx and the pseudo-terminals: all others cannot be opened, whoever makes their nodes.</summary>
    public static readonly ImmutableArray<(int Major, int? Minor)> Devices =
        [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 1), (5, 2), (136, null)];

    /// <summary>The microseconds of all processors together that fractions of processors are in each period.</summary>
    public static long Quota(double cpus) => (long)Math.Round(cpus * CpuPeriodMicroseconds);

    public static void Write(Utf8JsonWriter json, JailSpec spec, bool countsSwap)
    {
        var limits = spec.Limits;
        json.WriteStartObject("resources");
        WriteDevices(json, spec.IsPrivileged, spec.Grants.Devices);
        WriteMemory(json, limits, countsSwap);
        WriteProcessors(json, limits);
        if (limits.Processes is { } processes)
        {
            json.WriteStartObject("pids");
            json.WriteNumber("limit", processes);
            json.WriteEndObject();
        }

        WriteDisks(json, limits.DeviceRates);
        json.WriteEndObject();
    }

    private static void WriteMemory(Utf8JsonWriter json, JailLimits limits, bool countsSwap)
    {
        if (limits is { MemoryBytes: null, MemoryReservationBytes: null })
        {
            return;
        }

        json.WriteStartObject("memory");
        WriteOptional(json, "limit", limits.MemoryBytes);
        WriteOptional(json, "reservation", limits.MemoryReservationBytes);
        if (countsSwap)
        {
            // Memory and swap together: the same number leaves no swap.
            WriteOptional(json, "swap", limits.MemoryAndSwapBytes ?? limits.MemoryBytes);
        }

        json.WriteEndObject();
    }

    private static void WriteProcessors(Utf8JsonWriter json, JailLimits limits)
    {
        if (limits is { Cpus: null, CpuShares: null, CpuSet: "" })
        {
            return;
        }

        json.WriteStartObject("cpu");
        WriteOptional(json, "shares", limits.CpuShares);
        if (limits.Cpus is { } cpus)
        {
            json.WriteNumber("quota", Quota(cpus));
            json.WriteNumber("period", CpuPeriodMicroseconds);
        }

        if (limits.CpuSet.Length > 0)
        {
            json.WriteString("cpus", limits.CpuSet);
        }

        json.WriteEndObject();
    }

    private static void WriteDisks(Utf8JsonWriter json, ImmutableArray<JailDeviceRate> rates)
    {
        if (rates.IsEmpty)
        {
            return;
        }

        json.WriteStartObject("blockIO");
        foreach (var kind in rates.GroupBy(rate => rate.Kind))
        {
            json.WriteStartArray(kind.Key switch
            {
                DeviceRateKind.ReadBytes => "throttleReadBpsDevice",
                DeviceRateKind.WriteBytes => "throttleWriteBpsDevice",
                DeviceRateKind.ReadOperations => "throttleReadIOPSDevice",
                DeviceRateKind.WriteOperations => "throttleWriteIOPSDevice",
                _ => throw new UnreachableException(),
            });
            foreach (var rate in kind)
            {
                var node = DeviceNode.Find(rate.Device);
                json.WriteStartObject();
                json.WriteNumber("major", node.Major);
                json.WriteNumber("minor", node.Minor);
                json.WriteNumber("rate", rate.PerSecond);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void WriteDevices(Utf8JsonWriter json, bool isPrivileged, ImmutableArray<JailDevice> granted)
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

        foreach (var device in granted)
        {
            var node = DeviceNode.Find(device.Source);
            WriteDevice(json, allow: true, node.Type, node.Major, node.Minor, device.Access);
        }

        json.WriteEndArray();
    }

    private static void WriteDevice(Utf8JsonWriter json, bool allow, string? type, long? major, long? minor, string access)
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
