using System.Text;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Formatting;

/// <summary>Writes the lines of a file: no two empty ones in a row, none at its beginning or end.</summary>
internal sealed class LineWriter
{
    private readonly StringBuilder text = new();
    private bool owesEmptyLine;
    private bool isAtTop = true;

    /// <summary>Notes that the author left a line empty here.</summary>
    public void LeaveEmptyLine() => owesEmptyLine = text.Length > 0;

    public void WriteDirective(Directive directive) => Write($"# {directive.Name}={directive.Value}\n");

    /// <param name="indentation">What it begins with.</param>
    /// <param name="comment">From its <c>#</c> on.</param>
    public void WriteComment(string indentation, string comment)
    {
        // An empty line above it is all that keeps this comment from being a directive.
        if (isAtTop && IsDirective(comment))
        {
            text.Append('\n');
            owesEmptyLine = false;
        }

        Write($"{indentation}{comment}\n");
        isAtTop = false;
    }

    /// <param name="lines">One line or more, line breaks included.</param>
    public void WriteInstruction(string lines)
    {
        Write(lines);
        isAtTop = false;
    }

    public override string ToString() => text.ToString();

    private static bool IsDirective(string comment) => Directives.Recognise(new SourceText("", comment).LineSpan(1)) is not null;

    private void Write(string lines)
    {
        if (owesEmptyLine)
        {
            text.Append('\n');
            owesEmptyLine = false;
        }

        text.Append(lines);
    }
}
