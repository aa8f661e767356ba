using System.Collections.Immutable;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Lexing;

/// <summary>A <c>&lt;&lt;NAME</c> on an instruction and the lines that belong to it.</summary>
/// <param name="Name">What ends the body, without quotes.</param>
/// <param name="Operator">Where <c>&lt;&lt;NAME</c> stands.</param>
/// <param name="Body">The lines between, the last line break included.</param>
/// <param name="IsQuoted">Whether any part of the name was quoted, which turns expansion off.</param>
/// <param name="StripsTabs">Whether it was written <c>&lt;&lt;-</c>.</param>
/// <param name="IsTerminated">Whether the end was found.</param>
internal sealed record HeredocSyntax(string Name, TextSpan Operator, TextSpan Body, bool IsQuoted, bool StripsTabs, bool IsTerminated)
{
    /// <summary>The body as it is to be used, every character of it with its place: <c>&lt;&lt;-</c> takes the TABs away that lines begin with.</summary>
    public LogicalLine Content()
    {
        if (!StripsTabs)
        {
            return new LogicalLine(Notation.Default, [Body]);
        }

        var pieces = ImmutableArray.CreateBuilder<TextSpan>();
        for (var at = Body.Start; at < Body.End;)
        {
            var lineBreak = Body.Source.Text.IndexOf('\n', at, Body.End - at);
            var end = lineBreak < 0 ? Body.End : lineBreak + 1;
            while (at < end && Body.Source.Text[at] == '\t')
            {
                at++;
            }

            pieces.Add(new TextSpan(Body.Source, at, end));
            at = end;
        }

        return new LogicalLine(Notation.Default, pieces.Count == 0 ? [Body] : pieces.ToImmutable());
    }
}
