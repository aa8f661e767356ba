using System.Collections.Immutable;
using System.Globalization;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>Limits of a jail as rules of rctl(8), and what rctl(8) says that a jail uses.</summary>
internal static class ResourceRules
{
    /// <summary>A tunable of the loader: nobody can turn it on while the system runs.</summary>
    public const string Switch = "kern.racct.enable";

    /// <summary>What <c>rctl -a</c> is given, one rule each.</summary>
    /// <param name="subject">The name of the jail, which need not be there yet.</param>
    /// <param name="limits">Only those that rctl(8) has.</param>
    public static ImmutableArray<string> Of(string subject, JailLimits limits)
    {
        var rules = ImmutableArray.CreateBuilder<string>();
        if (limits.MemoryBytes is { } bytes)
        {
            // "deny" only makes a process that wants more slow; killing is what Linux does.
            rules.Add(Rule("memoryuse:sigkill", bytes));
        }

        if (limits.Cpus is { } cpus)
        {
            // Per cent of one processor.
            rules.Add(Rule("pcpu:deny", (long)Math.Max(1, Math.Round(cpus * 100))));
        }

        if (limits.Processes is { } processes)
        {
            rules.Add(Rule("maxproc:deny", processes));
        }

        return rules.ToImmutable();

        string Rule(string what, long amount) => string.Create(CultureInfo.InvariantCulture, $"{SubjectOf(subject)}:{what}={amount}");
    }

    /// <summary>What stands for all rules of a jail.</summary>
    public static string SubjectOf(string name) => $"jail:{name}";

    /// <exception cref="JailStartException">There is one among them that this system does not have.</exception>
    public static void RequireKnown(JailLimits limits)
    {
        var missing = limits switch
        {
            { MemoryReservationBytes: not null } => "a reservation of memory",
            { MemoryAndSwapBytes: not null } => "swap",
            { CpuShares: not null } => "shares of the processors",
            { CpuSet: not "" } => "which processors are used",
            { DeviceRates.IsEmpty: false } => "rates of disks",
            { SharedMemoryBytes: not null } => "the size of /dev/shm",
            { OutOfMemoryScore: not null } => "the order in which processes are killed",
            _ => null,
        };
        if (missing is not null)
        {
            throw new JailStartException(JailStartFailure.Jail, $"{missing} cannot be limited on this system; there are --memory, --cpus and --pids-limit, and rctl(8) for the rest");
        }
    }

    /// <summary><c>rctl -u jail:NAME</c>: a line for each resource. Of a jail that is not there all are zero.</summary>
    public static JailUsage ParseUsage(string output)
    {
        var amounts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in output.Split('\n'))
        {
            if (line.Split('=') is [var name, var text] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var amount))
            {
                amounts[name] = amount;
            }
        }

        return new JailUsage
        {
            MemoryBytes = Amount("memoryuse"),
            Processes = Amount("maxproc"),
            CpuTime = Amount("cputime") is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        };

        long? Amount(string name) => amounts.TryGetValue(name, out var amount) ? amount : null;
    }
}
