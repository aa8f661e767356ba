using System.Globalization;

namespace Kleene.Build.Runtime.Containers;

/// <summary>When a container is started again although nobody asked for it.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="MaximumRetries">Of <see cref="RestartRule.OnFailure"/>; 0 is no bound.</param>
public sealed record RestartPolicy(RestartRule Rule, int MaximumRetries = 0)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>A run that lasted so long was no failure to start: the pauses begin anew.</summary>
    private static readonly TimeSpan LongRun = TimeSpan.FromSeconds(10);

    private static readonly (string Text, RestartRule Rule)[] Words =
    [
        ("no", RestartRule.No), ("on-failure", RestartRule.OnFailure), ("always", RestartRule.Always),
        ("unless-stopped", RestartRule.UnlessStopped), ("on-startup", RestartRule.OnStartup),
    ];

    public static RestartPolicy No { get; } = new(RestartRule.No);

    /// <summary><c>no</c>, <c>on-failure[:N]</c>, <c>always</c>, <c>unless-stopped</c> or, as in Kleene, <c>on-startup</c>.</summary>
    /// <exception cref="KleeneException">It is none of these.</exception>
    public static RestartPolicy Parse(string text)
    {
        var parts = text.Split(':');
        var known = Words.FirstOrDefault(word => word.Text == parts[0]);
        if (known.Text is null || parts.Length > 2 || (parts.Length == 2 && known.Rule != RestartRule.OnFailure))
        {
            throw new KleeneException($"'{text}' is not a restart policy; there are no, on-failure[:N], always, unless-stopped and on-startup{Suggestion.Hint(parts[0], Words.Select(word => word.Text))}");
        }

        return parts is [_, var number]
            ? int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var retries)
                ? new RestartPolicy(known.Rule, retries)
                : throw new KleeneException($"'{text}': '{number}' is not a number of restarts")
            : new RestartPolicy(known.Rule);
    }

    public override string ToString() =>
        Words.First(word => word.Rule == Rule).Text + (MaximumRetries > 0 ? $":{MaximumRetries.ToString(CultureInfo.InvariantCulture)}" : "");

    /// <summary>Whether a container that has ended is started again.</summary>
    /// <param name="exitCode">Null when nobody saw it, which is a failure.</param>
    /// <param name="restarts">How often that has been done since somebody started it.</param>
    public bool RestartsAfter(int? exitCode, int restarts) => Rule switch
    {
        RestartRule.Always or RestartRule.UnlessStopped => true,
        RestartRule.OnFailure => exitCode != 0 && (MaximumRetries == 0 || restarts < MaximumRetries),
        _ => false,
    };

    /// <summary>Whether it is started when the machine comes up.</summary>
    /// <param name="wanted">Whether it ran, or was to, when the machine went down.</param>
    public bool StartsWithMachine(bool wanted) => Rule switch
    {
        RestartRule.Always or RestartRule.OnStartup => true,
        RestartRule.UnlessStopped => wanted,
        _ => false,
    };

    /// <summary>How many short runs there have been in a row, this one included.</summary>
    public static int StreakAfter(int streak, TimeSpan ran) => ran >= LongRun ? 0 : streak + 1;

    /// <summary>What is waited before the next start: twice as long after each short run.</summary>
    public static TimeSpan PauseAfter(int streak)
    {
        var pause = FirstPause;
        for (var i = 1; i < streak && pause < LongestPause; i++)
        {
            pause *= 2;
        }

        return pause < LongestPause ? pause : LongestPause;
    }
}

public enum RestartRule
{
    No,

    /// <summary>After an exit code that is not 0.</summary>
    OnFailure,

    /// <summary>Whatever it ended with, and with the machine even if somebody stopped it.</summary>
    Always,

    /// <summary>Whatever it ended with, until somebody stops it.</summary>
    UnlessStopped,

    /// <summary>Only with the machine; Kleene's own.</summary>
    OnStartup,
}
