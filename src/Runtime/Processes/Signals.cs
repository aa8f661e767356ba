using System.Globalization;

namespace Kleene.Build.Runtime.Processes;

/// <summary>Signals by name and number, as Linux and FreeBSD agree on them up to SIGTERM (signal(7)).</summary>
public static class Signals
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;

    private static readonly Dictionary<string, int> Numbers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["HUP"] = 1,
        ["INT"] = Interrupt,
        ["QUIT"] = 3,
        ["ILL"] = 4,
        ["TRAP"] = 5,
        ["ABRT"] = 6,
        ["FPE"] = 8,
        ["KILL"] = Kill,
        ["SEGV"] = 11,
        ["PIPE"] = 13,
        ["ALRM"] = 14,
        ["TERM"] = Terminate,
        ["USR1"] = HostPlatform.IsFreeBsd ? 30 : 10,
        ["USR2"] = HostPlatform.IsFreeBsd ? 31 : 12,
        ["STOP"] = HostPlatform.IsFreeBsd ? 17 : 19,
        ["CONT"] = HostPlatform.IsFreeBsd ? 19 : 18,
        ["WINCH"] = 28,
    };

    /// <summary>A name with or without <c>SIG</c>, or a number from 1 to 64.</summary>
    /// <exception cref="KleeneException">There is no such signal.</exception>
    public static int Parse(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 64)
        {
            return number;
        }

        var name = text.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? text[3..] : text;
        return Numbers.TryGetValue(name, out number)
            ? number
            : throw new KleeneException($"'{text}' is not a signal" + (Suggestion.Nearest(name, Numbers.Keys) is { } nearest ? $"; did you mean 'SIG{nearest}'?" : ""));
    }
}
