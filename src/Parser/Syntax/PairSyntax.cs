namespace Kleene.Build.Parser.Syntax;

/// <summary><c>NAME=value</c>; an ARG may stand without a value.</summary>
internal sealed record PairSyntax(Word Name, Word? Value);
