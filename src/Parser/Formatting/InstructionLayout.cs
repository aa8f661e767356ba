using System.Collections.Immutable;
using System.Text;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Formatting;

/// <summary>Lays one instruction out: one blank between its parts, lines broken where the author broke them.</summary>
internal sealed class InstructionLayout
{
    public const string Indentation = "    ";

    private readonly ContinuedLine line;
    private readonly List<Lexeme> lexemes;
    private readonly StringBuilder text = new();
    private readonly char escape;
    private readonly string indentation;
    private int next;

    private InstructionLayout(InstructionHead head, ContinuedLine line, string indentation)
    {
        this.line = line;
        escape = head.Line.Notation.EscapeCharacter;
        lexemes = LexemeCutter.Cut(head);
        this.indentation = ContinuationIndentation(indentation);
    }

    /// <summary>The lines of the instruction, heredocs aside, and the comments of its continuations that belong before and behind it.</summary>
    public static (ImmutableArray<string> Before, string Text, ImmutableArray<string> After) Write(InstructionHead head, ContinuedLine line, string indentation)
    {
        var layout = new InstructionLayout(head, line, indentation);
        var before = layout.TakeComments(layout.lexemes[0].Start);
        foreach (var lexeme in layout.lexemes)
        {
            layout.WriteGap(lexeme);
            layout.Write(lexeme);
        }

        return (before, layout.text.ToString(), layout.TakeComments(line.Text.Length));
    }

    /// <summary>Lines of a command's text keep their indentation, so the lines before them take the same.</summary>
    private string ContinuationIndentation(string outer)
    {
        if (lexemes[^1] is { IsText: true } command && line.Breaks.FirstOrDefault(at => at.Offset > command.Start && at.Offset < command.End) is { Offset: > 0 } first)
        {
            var own = line.IndentationAt(first.Offset);
            if (own.Length > 0)
            {
                return own;
            }
        }

        return outer + Indentation;
    }

    private void WriteGap(Lexeme lexeme)
    {
        if (next < line.Breaks.Count && line.Breaks[next].Offset <= lexeme.Start)
        {
            BreakLine(" ");
            WriteComments(TakeComments(lexeme.Start), indentation);
            text.Append(indentation);
        }
        else if (text.Length > 0)
        {
            text.Append(lexeme.Gap);
        }
    }

    /// <summary>A break inside a part is a part of it: not a blank may come or go there.</summary>
    private void Write(Lexeme lexeme)
    {
        var at = lexeme.Start;
        for (; next < line.Breaks.Count && line.Breaks[next].Offset < lexeme.End; next++)
        {
            var inner = line.Breaks[next];
            text.Append(lexeme.Spell(line.Text[at..inner.Offset]));
            BreakLine("");
            WriteComments(inner.Comments, line.IndentationAt(inner.Offset));
            at = inner.Offset;
        }

        text.Append(lexeme.Spell(line.Text[at..lexeme.End]));
    }

    private void BreakLine(string gap) => text.Append(gap).Append(escape).Append('\n');

    private void WriteComments(ImmutableArray<string> comments, string indent)
    {
        foreach (var comment in comments)
        {
            text.Append(indent).Append(comment).Append('\n');
        }
    }

    /// <summary>The comments of all breaks up to an offset, which are then done with.</summary>
    private ImmutableArray<string> TakeComments(int offset)
    {
        var comments = ImmutableArray.CreateBuilder<string>();
        for (; next < line.Breaks.Count && line.Breaks[next].Offset <= offset; next++)
        {
            comments.AddRange(line.Breaks[next].Comments);
        }

        return comments.ToImmutable();
    }
}
