using System.Collections.Immutable;
using System.Globalization;

namespace Kleene.Build.Parser.Planning;

/// <summary>The signals that Linux (signal(7)) or FreeBSD (signal(3)) know. Which number a name has is the runtime's business.</summary>
internal static class SignalName
{
    /// <summary>Linux ends with SIGRTMAX 64, FreeBSD with 126.</summary>
    private const int Highest = 126;

    public static readonly ImmutableArray<string> All =
    [
        "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGIOT", "SIGEMT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV",
        "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU",
        "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGINFO", "SIGIO", "SIGPOLL", "SIGPWR", "SIGSYS", "SIGTHR",
        "SIGLIBRT", "SIGRTMIN", "SIGRTMAX",
    ];

    /// <summary>A number, or a name with or without <c>SIG</c>; real-time signals may be counted from either end.</summary>
    public static bool IsKnown(string signal)
    {
        if (int.TryParse(signal, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number is >= 1 and <= Highest;
        }

        var name = signal.ToUpperInvariant();
        name = name.StartsWith("SIG", StringComparison.Ordinal) ? name : "SIG" + name;
        return All.Contains(name) || IsCounted(name, "SIGRTMIN+") || IsCounted(name, "SIGRTMAX-");
    }

    private static bool IsCounted(string name, string start) =>
        name.StartsWith(start, StringComparison.Ordinal)
        && int.TryParse(name.AsSpan(start.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
        && offset <= Highest / 2;
}
