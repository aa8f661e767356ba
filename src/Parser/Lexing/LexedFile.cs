using System.Collections.Immutable;

namespace Kleene.Build.Parser.Lexing;

/// <summary>A file cut into instructions. The tokens cover every character.</summary>
internal sealed record LexedFile(
    ImmutableArray<SourceToken> Tokens, ImmutableArray<Directive> Directives, ImmutableArray<LogicalLine> Lines, Notation Notation);
