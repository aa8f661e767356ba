using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Kleene.Build.Runtime.Images;

/// <summary>How containers of an image say whether they are well, as Docker's image configuration has it: durations in nanoseconds, 0 or absent for the default.</summary>
public sealed record ImageHealthcheck
{
    /// <summary><c>CMD</c> and words, <c>CMD-SHELL</c> and text, or <c>NONE</c>.</summary>
    public ImmutableArray<string> Test { get; init; } = [];

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Interval { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Timeout { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long StartPeriod { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long StartInterval { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Retries { get; init; }
}
