namespace Kleene.Build.Parser.Text;

/// <summary>The order in which a reader comes upon places: an included text is read where it is included.</summary>
internal sealed class ReadingOrder : IComparer<TextSpan>
{
    public static readonly ReadingOrder Instance = new();

    public int Compare(TextSpan left, TextSpan right)
    {
        if (!ReferenceEquals(left.Source, right.Source))
        {
            (left, right) = (Within(left, right), Within(right, left));
        }

        return (left.Start, left.End).CompareTo((right.Start, right.End));
    }

    /// <summary>A place, seen from the innermost text that it shares with another place.</summary>
    private static TextSpan Within(TextSpan place, TextSpan other)
    {
        var texts = Texts(other);
        while (!texts.Contains(place.Source) && place.Source.Origin is { } origin)
        {
            place = origin;
        }

        return place;
    }

    private static List<SourceText> Texts(TextSpan place)
    {
        List<SourceText> texts = [place.Source];
        while (texts[^1].Origin is { } origin)
        {
            texts.Add(origin.Source);
        }

        return texts;
    }
}
