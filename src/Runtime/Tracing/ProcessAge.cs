using System.Globalization;
using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Tracing;

/// <summary>How long our own process has been there: what the program's loader and runtime took before we could look at a clock.</summary>
public static partial class ProcessAge
{
    /// <summary>What the kernel counts starts of processes in for its readers: USER_HZ, a hundredth of a second on every architecture (proc_pid_stat(5)).</summary>
    private const long Tick = TimeSpan.TicksPerSecond / 100;

    /// <summary>That of the clock which the kernel stamps processes with (clock_gettime(2)).</summary>
    private const int BootTimeClock = 7;

    /// <summary>The place of the start among the fields behind the program's name.</summary>
    private const int StartField = 19;

    /// <summary>
    /// The kernel tells the start to a hundredth of a second, in which we may be done already. But a program that starts does little else than use
    /// the processor; so that is the answer, as far as the kernel's fits with it.
    /// </summary>
    /// <param name="sinceMain">How long it is that our own code began: before, nothing waited.</param>
    public static TimeSpan Read(TimeSpan sinceMain)
    {
        var used = Max(Environment.CpuUsage.TotalTime, sinceMain);
        return ReadStart() is { } start && Uptime() is { } now ? Fit(now - start, used) : used;
    }

    /// <param name="told">As the kernel tells it: too much by less than a tick.</param>
    /// <param name="used">At least.</param>
    internal static TimeSpan Fit(TimeSpan told, TimeSpan used) =>
        used > told ? Max(told, TimeSpan.Zero) : Max(used, told - TimeSpan.FromTicks(Tick));

    /// <summary>From <c>/proc/self/stat</c>: the program's name is in brackets and may hold anything.</summary>
    internal static TimeSpan? ParseStart(string stat)
    {
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > StartField && long.TryParse(fields[StartField], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) ? TimeSpan.FromTicks(ticks * Tick) : null;
    }

    private static TimeSpan? ReadStart()
    {
        try
        {
            return ParseStart(File.ReadAllText("/proc/self/stat"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Without Linux's proc(5), or with one that hides us from ourselves.
            return null;
        }
    }

    private static TimeSpan? Uptime() =>
        clock_gettime(BootTimeClock, out var time) == 0 ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromTicks(time.Nanoseconds / TimeSpan.NanosecondsPerTick) : null;

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, out TimeOfClock time);

    private struct TimeOfClock
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
