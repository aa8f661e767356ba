namespace Kleene.Build.Parser.Text;

/// <summary>A half-open range of characters of a text, which it knows: a file may include others.</summary>
public readonly record struct TextSpan
{
    public TextSpan(SourceText source, int start, int end)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfLessThan(end, start);
        Source = source;
        Start = start;
        End = end;
    }

    public SourceText Source { get; }

    public int Start { get; }

    /// <summary>The first character that no longer belongs to the span.</summary>
    public int End { get; }

    public int Length => End - Start;

    /// <summary>The characters.</summary>
    public string Text => Source.Text[Start..End];

    public LinePosition StartPosition => Source.PositionOf(Start);

    public LinePosition EndPosition => Source.PositionOf(End);

    /// <summary>The smallest span that holds this one and <paramref name="other"/> of the same text.</summary>
    public TextSpan To(TextSpan other) => new(Source, Math.Min(Start, other.Start), Math.Max(End, other.End));

    public override string ToString() => $"{Source.Path} {Start}..{End}";
}
