using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kleene.Build.Cli.Output;

/// <summary>Text that takes one line of the terminal however wide that is, with a few words at the right edge.</summary>
internal sealed class OneLine(string left, Style style, string right = "", Style? rightStyle = null) : Renderable
{
    private const string Ellipsis = "…";

    protected override Measurement Measure(RenderOptions options, int maxWidth) => new(Math.Min(1, maxWidth), maxWidth);

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        var edge = new Segment(right, rightStyle ?? style);
        var space = maxWidth - edge.CellCount() - 1;
        if (right.Length == 0 || space < 1)
        {
            return Fit(left, maxWidth);
        }

        var text = Fit(left, space).ToList();
        return [.. text, Segment.Padding(space - Segment.CellCount(text) + 1), edge];
    }

    private IEnumerable<Segment> Fit(string text, int width)
    {
        var whole = new Segment(text, style);
        return whole.CellCount() <= width ? [whole]
            : width < 1 ? []
            : [.. Segment.Truncate([whole], width - 1), new Segment(Ellipsis, style)];
    }
}
