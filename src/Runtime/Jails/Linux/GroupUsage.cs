using System.Globalization;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>Reads what a jail uses from its control groups: the files of both versions (the kernel's cgroup-v1 and cgroup-v2 documentation).</summary>
internal static class GroupUsage
{
    /// <summary>Version 1 writes the largest number that is a multiple of a page where there is no limit.</summary>
    private const long NoLimit = 1L << 60;

    private const long NanosecondsPerTick = 100;

    /// <summary>Null when the jail has no processes and no groups.</summary>
    public static JailUsage? Measure(ControlGroups groups, string id)
    {
        if (groups.Of(id).Count == 0)
        {
            return null;
        }

        var (read, written) = Disks(groups, id);
        var (received, sent) = NetworkTraffic.Of(groups.ProcessesOf(id));
        var cpu = groups.IsUnified ? Nanoseconds(Field(groups.FileOf(id, "cpu", "", "cpu.stat"), "usage_usec"), 1000) : Nanoseconds(Number(groups.FileOf(id, "cpuacct", "cpuacct.usage", "")), 1);
        var memory = Number(groups.FileOf(id, "memory", "memory.usage_in_bytes", "memory.current"));
        var files = Field(groups.FileOf(id, "memory", "memory.stat", "memory.stat"), groups.IsUnified ? "inactive_file" : "total_inactive_file") ?? 0;
        return new JailUsage
        {
            MemoryBytes = memory is { } bytes ? Math.Max(0, bytes - files) : null,
            PeakMemoryBytes = Number(groups.FileOf(id, "memory", "memory.max_usage_in_bytes", "memory.peak")),
            MemoryLimitBytes = Limit(groups.FileOf(id, "memory", "memory.limit_in_bytes", "memory.max")),
            OutOfMemoryKills = Field(groups.FileOf(id, "memory", "memory.oom_control", "memory.events"), "oom_kill"),
            CpuTime = cpu,
            ThrottledTime = groups.IsUnified
                ? Nanoseconds(Field(groups.FileOf(id, "cpu", "", "cpu.stat"), "throttled_usec"), 1000)
                : Nanoseconds(Field(groups.FileOf(id, "cpu", "cpu.stat", ""), "throttled_time"), 1),
            Processes = Number(groups.FileOf(id, "pids", "pids.current", "pids.current")),
            ProcessLimit = Limit(groups.FileOf(id, "pids", "pids.max", "pids.max")),
            ReadBytes = read,
            WrittenBytes = written,
            ReceivedBytes = received,
            SentBytes = sent,
        };
    }

    /// <summary>Version 1: <c>8:0 Read 4096</c>; version 2: <c>8:0 rbytes=4096 wbytes=0 …</c>.</summary>
    private static (long? Read, long? Written) Disks(ControlGroups groups, string id)
    {
        // Version 1 counts the groups below in a file of its own, which older kernels do not have.
        var lines = Lines(groups.FileOf(id, "io", "blkio.throttle.io_service_bytes_recursive", "io.stat")) ?? Lines(groups.FileOf(id, "io", "blkio.throttle.io_service_bytes", "io.stat"));
        if (lines is null)
        {
            return (null, null);
        }

        var words = lines.Select(line => line.Split(' ')).ToList();
        return groups.IsUnified
            ? (words.SelectMany(line => line).Sum(word => Of(word, "rbytes=")), words.SelectMany(line => line).Sum(word => Of(word, "wbytes=")))
            : (words.Where(line => line is [_, "Read", _]).Sum(line => Parse(line[2]) ?? 0), words.Where(line => line is [_, "Write", _]).Sum(line => Parse(line[2]) ?? 0));

        static long Of(string word, string key) => word.StartsWith(key, StringComparison.Ordinal) ? Parse(word.AsSpan(key.Length)) ?? 0 : 0;
    }

    private static TimeSpan? Nanoseconds(long? number, long unit) => number is { } value ? TimeSpan.FromTicks(value * unit / NanosecondsPerTick) : null;

    private static long? Number(string file) => Lines(file) is [var line, ..] ? Parse(line) : null;

    /// <summary>Null where it says <c>max</c>, or what stands for it.</summary>
    private static long? Limit(string file) => Number(file) is { } number and < NoLimit ? number : null;

    /// <summary>The number behind a name, in a file of such lines.</summary>
    private static long? Field(string file, string name) =>
        Lines(file)?.Select(line => line.Split(' ')).FirstOrDefault(words => words.Length == 2 && words[0] == name) is { } found ? Parse(found[1]) : null;

    private static long? Parse(ReadOnlySpan<char> text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string[]? Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (IOException)
        {
            // The controller is not there, or the jail ended while we looked.
            return null;
        }
    }
}
