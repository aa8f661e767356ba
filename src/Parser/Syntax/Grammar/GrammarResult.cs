namespace Kleene.Build.Parser.Syntax.Grammar;

/// <summary>What a grammar made of the arguments: a value, or where it stopped and what it wanted there.</summary>
/// <param name="Value">Null when the arguments do not fit.</param>
/// <param name="Stopped">The word at which reading stopped; empty at the end of the line.</param>
internal readonly record struct GrammarResult<T>(T? Value, Word Stopped)
    where T : class;
