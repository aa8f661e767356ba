using Kleene.Build.Builder.Profiling;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Cli.Output.Profiling;

/// <summary>The spans of a build as a tree: what each is made of.</summary>
internal sealed class SpanTree
{
    private readonly TimedSpan whole;
    private readonly TimeSpan now;
    private readonly ILookup<TimedSpan?, TimedSpan> children;
    private readonly Dictionary<int, TimedSpan> steps = [];

    /// <param name="timeline">It may go on.</param>
    /// <param name="now">When what is still open ends.</param>
    public SpanTree(Timeline timeline, TimeSpan now)
    {
        this.now = now;
        whole = timeline.Whole;
        var spans = timeline.Spans;
        children = spans.ToLookup(span => span.Parent);
        foreach (var span in spans.Where(span => span.Name == BuildProfile.StepSpan))
        {
            steps[span.Number] = span;
        }
    }

    /// <summary>What is in a step that ran; nothing of one that did not.</summary>
    public IEnumerable<NestedSpan> In(int step) => steps.TryGetValue(step, out var span) ? Layout(children[span], 0, span.Start, EndOf(span, now)) : [];

    /// <summary>What the command did beside the steps: before them, between them and after them.</summary>
    public IEnumerable<NestedSpan> Beside() => Layout(children[whole].SelectMany(part => part.Name == Timeline.Command ? children[part] : [part]), 0, TimeSpan.Zero, now);

    /// <summary>
    /// Those of one depth follow each other, and lie in those of the depth above: what went on at once with one that was named already begins when that
    /// one has ended, and is left out when it was done by then.
    /// </summary>
    private IEnumerable<NestedSpan> Layout(IEnumerable<TimedSpan> spans, int depth, TimeSpan start, TimeSpan end)
    {
        var free = start;
        foreach (var span in spans.Where(span => span.Name != BuildProfile.StepsSpan).OrderBy(span => span.Start))
        {
            var from = span.Start > free ? span.Start : free;
            var until = EndOf(span, end);
            if (until <= from)
            {
                continue;
            }

            free = until;
            yield return new NestedSpan(span, depth, from, until);
            foreach (var inner in Layout(children[span], depth + 1, from, until))
            {
                yield return inner;
            }
        }
    }

    private static TimeSpan EndOf(TimedSpan span, TimeSpan most) => span.End is { } end && end < most ? end : most;
}

/// <param name="Depth">0 directly in what it was asked for.</param>
/// <param name="Start">Not before those of its depth that come before have ended.</param>
/// <param name="End">Not after that of what it lies in.</param>
internal readonly record struct NestedSpan(TimedSpan Span, int Depth, TimeSpan Start, TimeSpan End);
