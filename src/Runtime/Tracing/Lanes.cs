namespace Kleene.Build.Runtime.Tracing;

/// <summary>
/// Lays spans out so that those of one lane lie in each other or apart, which is how viewers of traces draw them. A span lies on the lane of the one
/// that it is a part of, unless something else is going on there: then on a free one.
/// </summary>
internal sealed class Lanes
{
    private readonly List<Stack<TimedSpan>> lanes = [];
    private readonly Dictionary<TimedSpan, int> placed = [];

    private Lanes()
    {
    }

    /// <returns>The number of each span's lane, from 0.</returns>
    public static IReadOnlyDictionary<TimedSpan, int> Of(IEnumerable<TimedSpan> spans)
    {
        var lanes = new Lanes();

        // A stable order: one that begins with its parent comes after it, as it was noted.
        foreach (var span in spans.OrderBy(span => span.Start))
        {
            lanes.Place(span);
        }

        return lanes.placed;
    }

    private void Place(TimedSpan span)
    {
        foreach (var lane in lanes)
        {
            while (lane.TryPeek(out var last) && last.End <= span.Start)
            {
                lane.Pop();
            }
        }

        var own = span.Parent is { } parent && placed.TryGetValue(parent, out var above) ? above : -1;
        var place = own >= 0 && lanes[own].TryPeek(out var top) && top == span.Parent && span.End <= top.End ? own : lanes.FindIndex(lane => lane.Count == 0);
        if (place < 0)
        {
            place = lanes.Count;
            lanes.Add(new Stack<TimedSpan>());
        }

        lanes[place].Push(span);
        placed.Add(span, place);
    }
}
