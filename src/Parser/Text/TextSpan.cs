namespace Kleene.Build.Parser.Text;

/// <summary>A half-open range of characters of a source text.</summary>
public readonly record struct TextSpan
{
    public TextSpan(int start, int end)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfLessThan(end, start);
        Start = start;
        End = end;
    }

    public int Start { get; }

    /// <summary>The first character that no longer belongs to the span.</summary>
    public int End { get; }

    public int Length => End - Start;

    /// <summary>The smallest span that holds this one and <paramref name="other"/>.</summary>
    public TextSpan To(TextSpan other) => new(Math.Min(Start, other.Start), Math.Max(End, other.End));

    public override string ToString() => $"{Start}..{End}";
}
