using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Lexing;

internal enum SourceTokenKind
{
    ByteOrderMark,
    Blank,
    LineBreak,
    Comment,
    Directive,
    Instruction,
    Continuation,
    HeredocBody,
    HeredocEnd,
}

/// <summary>A run of characters with one role. The tokens of a file follow each other without a gap.</summary>
internal readonly record struct SourceToken(SourceTokenKind Kind, TextSpan Span);
