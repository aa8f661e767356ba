namespace Kleene.Build.Parser.Syntax;

/// <summary><c>--name</c> or <c>--name=value</c> before the arguments of an instruction.</summary>
/// <param name="Name">Without the dashes.</param>
/// <param name="Word">The whole flag.</param>
/// <param name="Value">Null where there is no <c>=</c>.</param>
internal sealed record FlagSyntax(string Name, Word Word, Word? Value);
