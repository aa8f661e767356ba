using System.Collections.Immutable;

namespace Kleene.Build.Parser.Planning;

/// <summary>How it is found out whether a container is well, under the names of the image configuration. Durations are nanoseconds; 0 stands for the default.</summary>
public sealed record Healthcheck
{
    /// <summary><c>CMD</c> and the words of a command, <c>CMD-SHELL</c> and text for the image's shell, or <c>NONE</c>.</summary>
    public required ImmutableArray<string> Test { get; init; }

    /// <summary>Between two checks.</summary>
    public long Interval { get; init; }

    /// <summary>How long one check may take.</summary>
    public long Timeout { get; init; }

    /// <summary>How long failures do not count after the start.</summary>
    public long StartPeriod { get; init; }

    /// <summary>Between two checks in that time.</summary>
    public long StartInterval { get; init; }

    /// <summary>How many failures in a row make a container unhealthy; 0 stands for the default.</summary>
    public int Retries { get; init; }
}
