namespace Kleene.Build.Parser.Text;

/// <summary>The text of a Kleenefile with its name, the only copy of its characters. Knows lines, not meaning.</summary>
public sealed class SourceText
{
    internal const char ByteOrderMark = '\uFEFF';

    private readonly int[] lineStarts;

    /// <param name="path">The name shown in diagnostics; it is never opened.</param>
    /// <param name="text">The decoded characters; a leading byte order mark may be among them.</param>
    public SourceText(string path, string text)
    {
        Path = path;
        Text = text;
        lineStarts = FindLineStarts(text);
    }

    public string Path { get; }

    /// <summary>The place in another text that brought this one in; null for the file that was asked for.</summary>
    public TextSpan? Origin { get; init; }

    /// <summary>
    /// Whether it is an ONBUILD instruction of a base image. Nobody can open it in an editor: what is found in it is told of its
    /// <see cref="Origin"/>.
    /// </summary>
    public bool IsTrigger { get; init; }

    public string Text { get; }

    public int LineCount => lineStarts.Length;

    public LinePosition PositionOf(int offset)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)offset, (uint)Text.Length, nameof(offset));

        var found = Array.BinarySearch(lineStarts, offset);
        var index = found >= 0 ? found : ~found - 1;

        // A byte order mark stands before the first line and has no column of its own.
        return index < 0 ? new LinePosition(1, 1) : new LinePosition(index + 1, offset - lineStarts[index] + 1);
    }

    /// <summary>The characters of a line, counted from 1, without its line break.</summary>
    public TextSpan LineSpan(int line)
    {
        var start = lineStarts[line - 1];
        var end = line < lineStarts.Length ? lineStarts[line] - 1 : Text.Length;
        if (end > start && Text[end - 1] == '\r')
        {
            end--;
        }

        return new TextSpan(this, start, end);
    }

    private static int[] FindLineStarts(string text)
    {
        var starts = new List<int> { text.StartsWith(ByteOrderMark) ? 1 : 0 };
        for (var at = text.IndexOf('\n'); at >= 0; at = text.IndexOf('\n', at + 1))
        {
            starts.Add(at + 1);
        }

        return [.. starts];
    }
}
