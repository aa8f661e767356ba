using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Formatting;

/// <summary>
/// Gives a Kleenefile its one layout without changing what it means: the plan and the keys of its steps stay the same, and
/// so do its comments. A pure function, and a second time changes nothing.
/// </summary>
public sealed class KleenefileFormatter
{
    private readonly LexedFile file;
    private readonly KleenefileSyntax syntax;
    private readonly string text;
    private readonly LineWriter writer = new();
    private int instruction;
    private int token;
    private int depth;

    private KleenefileFormatter(LexedFile file, KleenefileSyntax syntax)
    {
        this.file = file;
        this.syntax = syntax;
        text = syntax.Source.Text;
    }

    /// <summary>The file in its canonical layout. One that cannot be read has none; what the names in it lead to does not matter.</summary>
    public static FormattedFile Format(SourceText source)
    {
        var (file, syntax, diagnostics) = Read(source);
        return diagnostics.Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
            ? new FormattedFile(source, Text: null, diagnostics)
            : new FormattedFile(source, new KleenefileFormatter(file, syntax).Format(), diagnostics);
    }

    private static (LexedFile File, KleenefileSyntax Syntax, ImmutableArray<Diagnostic> Diagnostics) Read(SourceText source)
    {
        var bag = new DiagnosticBag();
        var file = LineLexer.Lex(source, bag);
        var syntax = SyntaxReader.Read(source, file, bag);
        return (file, syntax, [.. bag.ToSorted().Where(diagnostic => diagnostic.Rule != Rules.NotSupportedYet)]);
    }

    private string Indentation => string.Concat(Enumerable.Repeat(InstructionLayout.Indentation, depth));

    private string Format()
    {
        var directive = 0;
        var lineIsEmpty = true;
        var isInsideNothing = false;
        while (token < file.Tokens.Length)
        {
            var current = file.Tokens[token];
            switch (current.Kind)
            {
                case SourceTokenKind.LineBreak:
                    if (lineIsEmpty)
                    {
                        writer.LeaveEmptyLine();
                        isInsideNothing = false;
                    }

                    lineIsEmpty = true;
                    token++;
                    continue;

                case SourceTokenKind.Blank or SourceTokenKind.ByteOrderMark:
                    token++;
                    continue;

                case SourceTokenKind.Directive:
                    writer.WriteDirective(file.Directives[directive++]);
                    token++;
                    break;

                case SourceTokenKind.Comment when string.IsNullOrWhiteSpace(current.Span.Text):
                    // The comment above goes on into an empty line, as Kleene reads it.
                    writer.LeaveEmptyLine();
                    token++;
                    break;

                case SourceTokenKind.Comment:
                    WriteComment(current.Span.Text.TrimEnd(), Indentation, goesOn: !isInsideNothing && current.Span.Text.EndsWith('\\'));
                    token++;
                    break;

                case var _ when instruction < syntax.Instructions.Length && syntax.Instructions[instruction].Head.Span.Start == current.Span.Start:
                    WriteInstruction(syntax.Instructions[instruction++].Head);
                    isInsideNothing = false;
                    break;

                default:
                    // Blanks and continuations that no instruction came of. A comment among them takes no line with it.
                    isInsideNothing = current.Kind == SourceTokenKind.Continuation;
                    token++;
                    break;
            }

            lineIsEmpty = false;
        }

        return writer.ToString();
    }

    private void WriteInstruction(InstructionHead head)
    {
        // ELSE and END close what is above them; IF and ELSE open what is below.
        var inner = Indentation;
        depth -= head.Name is "ELSE" or "END" ? 1 : 0;
        var outer = Indentation;
        var first = token;
        PassUntil(head.Span.End);
        var (before, laidOut, after) = InstructionLayout.Write(head, new ContinuedLine(head.Line, file.Tokens.AsSpan(first..token)), outer);
        var end = EndOfLine(head.Line.Heredocs.IsEmpty ? head.Span.End : head.Line.Heredocs[^1].Body.End);

        WriteComments(before, inner);
        depth += head.Name is "IF" or "ELSE" ? 1 : 0;
        var lines = laidOut + "\n" + HeredocLines(head);
        if (ReadsTheSame(head, lines))
        {
            writer.WriteInstruction(outer + lines);
            PassUntil(head.Line.Heredocs.IsEmpty ? 0 : end);
            WriteComments(after, Indentation);
            return;
        }

        // As it was, to the end of its line and not a character less: an escape character may be the last one there.
        PassUntil(end);
        writer.WriteInstruction(outer + text[head.Keyword.Span.Start..EndOfBreak(end)]);
    }

    private void WriteComments(ImmutableArray<string> comments, string indentation)
    {
        foreach (var comment in comments)
        {
            WriteComment(comment, indentation, goesOn: false);
        }
    }

    /// <summary>To Kleene a comment that ends in a backslash takes the next line with it; a blank behind it keeps others from that.</summary>
    private void WriteComment(string comment, string indentation, bool goesOn)
    {
        var wouldGoOn = file.Notation.Dialect == Dialect.Kleene && comment.EndsWith('\\');
        writer.WriteComment(indentation, wouldGoOn && !goesOn ? comment + " " : comment);
    }

    /// <summary>The bodies and their ends, every character of a body as it is.</summary>
    private string HeredocLines(InstructionHead head) => string.Concat(
        head.Line.Heredocs.Select(heredoc => heredoc.Body.Text + text[heredoc.Body.End..EndOfLine(heredoc.Body.End)] + "\n"));

    private int EndOfLine(int at)
    {
        var end = text.IndexOf('\n', at);
        end = end < 0 ? text.Length : end;
        return end > at && text[end - 1] == '\r' ? end - 1 : end;
    }

    private int EndOfBreak(int at) => text.IndexOf('\n', at) is >= 0 and var lineBreak ? lineBreak + 1 : text.Length;

    private void PassUntil(int end)
    {
        while (token < file.Tokens.Length && file.Tokens[token].Span.Start < end)
        {
            token++;
        }
    }

    /// <summary>
    /// Whether the parts of the instruction are still the same ones. The layout sees to that; should it ever fail to, with characters
    /// that nobody has thought of, the author's own is kept.
    /// </summary>
    private bool ReadsTheSame(InstructionHead head, string lines)
    {
        var read = LineLexer.Lex(new SourceText(head.Line.Source.Path, lines), file.Notation, new DiagnosticBag());
        return read.Lines is [var line]
            && SyntaxReader.Read(line, 0, new DiagnosticBag()) is { Head: var other }
            && Parts(other).SequenceEqual(Parts(head))
            && other.Line.Heredocs.Select(heredoc => heredoc.Body.Text).SequenceEqual(head.Line.Heredocs.Select(heredoc => heredoc.Body.Text));
    }

    private static IEnumerable<(string Text, bool IsText)> Parts(InstructionHead head) =>
        LexemeCutter.Cut(head).Select(lexeme => (lexeme.Spell(head.Line.Text[lexeme.Start..lexeme.End]), lexeme.IsText));
}
