using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Lexing;

/// <summary>
/// Cuts a file into instructions: directives, comments, continuations and heredoc bodies. Knows no instruction's grammar.
/// </summary>
internal sealed class LineLexer
{
    private readonly SourceText source;
    private readonly DiagnosticBag diagnostics;
    private readonly List<SourceToken> tokens = [];
    private readonly List<Directive> directives = [];
    private readonly List<LogicalLine> lines = [];
    private readonly string text;
    private Notation notation;
    private int at;

    private LineLexer(SourceText source, Notation notation, DiagnosticBag diagnostics)
    {
        this.source = source;
        this.notation = notation;
        this.diagnostics = diagnostics;
        text = source.Text;
    }

    public static LexedFile Lex(SourceText source, DiagnosticBag diagnostics) => Lex(source, Notation.Default, diagnostics);

    /// <param name="notation">What holds until the file's own directives say something else.</param>
    public static LexedFile Lex(SourceText source, Notation notation, DiagnosticBag diagnostics) => new LineLexer(source, notation, diagnostics).Lex();

    private bool IsKleene => notation.Dialect == Dialect.Kleene;

    private LexedFile Lex()
    {
        if (text.StartsWith(SourceText.ByteOrderMark))
        {
            Take(SourceTokenKind.ByteOrderMark, 1);
        }

        if (text.IndexOf('\0') is >= 0 and var nul)
        {
            diagnostics.Report(Rules.NulCharacter, Span(nul, nul + 1), "the file holds a NUL character; is it text in UTF-8?");
        }

        while (at < text.Length && TakeDirective())
        {
        }

        while (at < text.Length)
        {
            TakeBlanks();
            if (!TakeLineBreak() && !TakeComment())
            {
                TakeInstruction();
            }
        }

        return new LexedFile([.. tokens], [.. directives], [.. lines], notation);
    }

    private bool TakeDirective()
    {
        var line = Span(at, LineEnd(at));
        if (Directives.Recognise(line) is not { } directive || (IsKleene && directive.Name != Directives.Check))
        {
            return false;
        }

        if (directives.Any(earlier => earlier.Name == directive.Name))
        {
            diagnostics.Report(Rules.DuplicateDirective, directive.NameSpan, $"the directive '{directive.Name}' is given twice");
        }
        else if (directive.Name == Directives.Escape)
        {
            SetEscape(directive);
        }
        else if (directive.Name == Directives.Syntax)
        {
            notation = notation with { Dialect = Dialects.Named(directive.Value) };

            // To Kleene the others are comments.
            notation = IsKleene ? notation with { EscapeCharacter = Notation.Default.EscapeCharacter } : notation;
        }

        directives.Add(directive);
        Take(SourceTokenKind.Directive, line.End);
        TakeLineBreak();
        return true;
    }

    private void SetEscape(Directive directive)
    {
        if (directive.Value is "\\" or "`")
        {
            notation = notation with { EscapeCharacter = directive.Value[0] };
            return;
        }

        diagnostics.Report(
            Rules.InvalidEscapeDirective, directive.ValueSpan, $"the escape character is '{directive.Value}', expected '\\' or '`'");
    }

    private void TakeInstruction()
    {
        var pieces = ImmutableArray.CreateBuilder<TextSpan>(1);
        var emptyLines = new List<TextSpan>();
        var goesOn = TakePiece(pieces);
        while (goesOn && at < text.Length)
        {
            // Comment lines inside a continued instruction vanish; empty ones too, but nobody should rely on that.
            var contentStart = SkipBlanks(at);
            if (contentStart < text.Length && text[contentStart] == '#')
            {
                TakeBlanks();
                Take(SourceTokenKind.Comment, LineEnd(at));
                TakeLineBreak();
            }
            else if (contentStart == LineEnd(at) && !IsKleene)
            {
                emptyLines.Add(Span(at, LineEnd(at)));
                TakeBlanks();
                TakeLineBreak();
            }
            else
            {
                goesOn = TakePiece(pieces);
            }
        }

        if (emptyLines.Count > 0 && emptyLines[0].Start < pieces[^1].Start)
        {
            diagnostics.Report(
                Rules.NoEmptyContinuation, emptyLines[0], "an empty line stands inside a continued instruction; remove it or end the instruction",
                [.. emptyLines.Where(line => line.Start < pieces[^1].Start).Select(line => new TextEdit(line.To(Span(line.End, text.IndexOf('\n', line.End) + 1)), ""))]);
        }

        var line = new LogicalLine(notation, pieces.ToImmutable());
        if (!string.IsNullOrWhiteSpace(line.Text))
        {
            var heredocs = TakeHeredocs(line);
            lines.Add(heredocs.IsEmpty ? line : line.With(heredocs));
        }
    }

    /// <summary>Takes the rest of a physical line; true when the instruction goes on below.</summary>
    private bool TakePiece(ImmutableArray<TextSpan>.Builder pieces)
    {
        var start = at;
        var end = LineEnd(at);
        var last = end;
        while (!IsKleene && last > start && text[last - 1] is ' ' or '\t')
        {
            last--;
        }

        // The escape character joins lines unless it is itself escaped; to Kleene a backslash is one wherever it ends a line.
        var goesOn = last > start && text[last - 1] == notation.EscapeCharacter
            && (IsKleene ? end < text.Length : last - 1 == start || text[last - 2] != notation.EscapeCharacter);
        var pieceEnd = goesOn ? last - 1 : end;

        pieces.Add(Span(start, pieceEnd));
        Take(SourceTokenKind.Instruction, pieceEnd);
        Take(SourceTokenKind.Continuation, end);
        TakeLineBreak();
        return goesOn;
    }

    private ImmutableArray<HeredocSyntax> TakeHeredocs(LogicalLine line)
    {
        var markers = HeredocScanner.Find(line.Text, notation.EscapeCharacter);
        return markers.Count == 0 || (IsKleene && !HaveEnds(markers)) ? [] : [.. markers.Select(marker => TakeHeredoc(line, marker))];
    }

    /// <summary>Kleene has no heredocs: what looks like one and has no end is text to it, and the lines below are instructions.</summary>
    private bool HaveEnds(List<HeredocMarker> markers)
    {
        var next = 0;
        for (var start = at; start < text.Length && next < markers.Count;)
        {
            var end = LineEnd(start);
            next += IsEnd(markers[next], text.AsSpan(start, end - start)) ? 1 : 0;
            start = text.IndexOf('\n', end) is >= 0 and var lineBreak ? lineBreak + 1 : text.Length;
        }

        return next == markers.Count;
    }

    private static bool IsEnd(HeredocMarker marker, ReadOnlySpan<char> line) => (marker.StripsTabs ? line.TrimStart('\t') : line).SequenceEqual(marker.Name);

    private HeredocSyntax TakeHeredoc(LogicalLine line, HeredocMarker marker)
    {
        var span = line.SpanOf(marker.Start, marker.Length);
        var start = at;
        while (at < text.Length)
        {
            var end = LineEnd(at);
            if (IsEnd(marker, text.AsSpan(at, end - at)))
            {
                var body = Span(start, at);
                Take(SourceTokenKind.HeredocEnd, end);
                TakeLineBreak();
                return new HeredocSyntax(marker.Name, span, body, marker.IsQuoted, marker.StripsTabs, IsTerminated: true);
            }

            Take(SourceTokenKind.HeredocBody, end);
            TakeLineBreak();
        }

        diagnostics.Report(Rules.UnterminatedHeredoc, span, $"the heredoc '{marker.Name}' has no end; expected a line '{marker.Name}'");
        return new HeredocSyntax(marker.Name, span, Span(start, at), marker.IsQuoted, marker.StripsTabs, IsTerminated: false);
    }

    private TextSpan Span(int start, int end) => new(source, start, end);

    private void TakeBlanks() => Take(SourceTokenKind.Blank, SkipBlanks(at));

    private bool TakeComment()
    {
        if (at == text.Length || text[at] != '#')
        {
            return false;
        }

        var start = at;
        Take(SourceTokenKind.Comment, LineEnd(at));
        while (IsKleene && at < text.Length && text[at - 1] == notation.EscapeCharacter)
        {
            // Kleene joins lines before it looks for comments.
            diagnostics.Report(Rules.CommentGoesOn, Span(start, at), "the next line belongs to this comment, because it ends in an escape character");
            TakeLineBreak();
            start = at;
            Take(SourceTokenKind.Comment, LineEnd(at));
        }

        return true;
    }

    private bool TakeLineBreak()
    {
        if (at == text.Length || at != LineEnd(at))
        {
            return false;
        }

        Take(SourceTokenKind.LineBreak, text[at] == '\r' ? Math.Min(at + 2, text.Length) : at + 1);
        return true;
    }

    private void Take(SourceTokenKind kind, int end)
    {
        if (end > at)
        {
            tokens.Add(new SourceToken(kind, Span(at, end)));
            at = end;
        }
    }

    /// <summary>Where the line break begins: <c>\n</c>, <c>\r\n</c>, or a <c>\r</c> at the end of the file.</summary>
    private int LineEnd(int from)
    {
        var end = text.IndexOf('\n', from);
        end = end < 0 ? text.Length : end;
        return end > from && text[end - 1] == '\r' ? end - 1 : end;
    }

    private int SkipBlanks(int from)
    {
        var end = LineEnd(from);
        while (from < end && char.IsWhiteSpace(text[from]))
        {
            from++;
        }

        return from;
    }
}
