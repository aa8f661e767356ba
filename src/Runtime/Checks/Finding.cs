namespace Kleene.Build.Runtime.Checks;

/// <summary>Something in the store or on the host that was not as it should be.</summary>
/// <param name="Text">What it was, in a sentence.</param>
/// <param name="IsRepaired">Whether it is right now; else the sentence says what somebody has to do.</param>
public sealed record Finding(string Text, bool IsRepaired)
{
    /// <summary>Whether one can do well without: it is told and counts for nothing.</summary>
    public bool IsOptional { get; init; }
}
