using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>Reads what the kernel tells of a process (proc(5)).</summary>
internal static class ProcessStatus
{
    /// <summary>USER_HZ, the same on all architectures that we run on (time(7)).</summary>
    private const double TicksPerSecond = 100;

    // Places behind the name in parentheses, which may hold anything (proc_pid_stat(5)).
    private const int UserTime = 11;
    private const int SystemTime = 12;

    /// <summary>In the order of their numbers; those that end while we look are left out.</summary>
    public static ImmutableArray<JailProcessStatus> Of(IEnumerable<int> processes) =>
        [.. processes.Order().Select(Read).OfType<JailProcessStatus>()];

    private static JailProcessStatus? Read(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat", Encoding.UTF8);
            var name = stat[(stat.IndexOf('(', StringComparison.Ordinal) + 1)..stat.LastIndexOf(')')];
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = Number(fields[UserTime]) + Number(fields[SystemTime]);
            var words = File.ReadAllText($"/proc/{pid}/cmdline", Encoding.UTF8).TrimEnd('\0').Replace('\0', ' ');
            return new JailProcessStatus(pid, UserOf(pid), TimeSpan.FromSeconds(ticks / TicksPerSecond), words.Length > 0 ? words : $"[{name}]");
        }
        catch (Exception exception) when (exception is IOException or FileOperationException)
        {
            // It has ended.
            return null;
        }
    }

    /// <summary>The effective user, as the process's own files call him.</summary>
    private static string UserOf(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("Uid:", StringComparison.Ordinal));
        var id = (uint)Number(line.Split('\t')[2]);
        using var tree = RootedDirectory.TryOpen($"/proc/{pid}/root");
        return (tree is null ? null : UserDatabase.Read(tree).NameOf(id)) ?? id.ToString(CultureInfo.InvariantCulture);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
