namespace Kleene.Build.Runtime.Tests.Tracing;

/// <summary>A clock that a test sets: it counts milliseconds.</summary>
internal sealed class SteppedTime : TimeProvider
{
    public long Milliseconds { get; set; }

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => Milliseconds;
}
