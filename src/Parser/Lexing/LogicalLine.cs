using System.Collections.Immutable;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Lexing;

/// <summary>One instruction with its continuations joined; every character of it knows its place in the file.</summary>
internal sealed class LogicalLine
{
    private readonly ImmutableArray<TextSpan> pieces;

    public LogicalLine(Notation notation, ImmutableArray<TextSpan> pieces, ImmutableArray<HeredocSyntax> heredocs = default)
    {
        Notation = notation;
        this.pieces = pieces;
        Heredocs = heredocs.IsDefault ? [] : heredocs;
        Text = pieces.Length == 1
            ? pieces[0].Text
            : string.Concat(pieces.Select(piece => piece.Text));
    }

    /// <summary>How the file is written that it stands in.</summary>
    public Notation Notation { get; }

    public SourceText Source => pieces[0].Source;

    /// <summary>Joined as the reference does: nothing is inserted, the indentation of continued lines stays.</summary>
    public string Text { get; }

    public ImmutableArray<HeredocSyntax> Heredocs { get; }

    public TextSpan Span => pieces[0].To(pieces[^1]);

    /// <summary>For people: the pieces without surrounding blanks, joined by one space.</summary>
    public string DisplayText => pieces.Length == 1
        ? Text.Trim()
        : string.Join(' ', pieces.Select(piece => piece.Text.Trim()).Where(piece => piece.Length > 0));

    public LogicalLine With(ImmutableArray<HeredocSyntax> heredocs) => new(Notation, pieces, heredocs);

    /// <summary>Where a range of <see cref="Text"/> stands in the file.</summary>
    public TextSpan SpanOf(int start, int length)
    {
        if (length == 0)
        {
            var at = SourceOffset(start);
            return new TextSpan(Source, at, at);
        }

        return new TextSpan(Source, SourceOffset(start), SourceOffset(start + length - 1) + 1);
    }

    private int SourceOffset(int offset)
    {
        var rest = offset;
        foreach (var piece in pieces)
        {
            if (rest < piece.Length)
            {
                return piece.Start + rest;
            }

            rest -= piece.Length;
        }

        return pieces[^1].End;
    }
}
