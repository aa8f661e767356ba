namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary>An instruction that could not be read; what is wrong with it has been reported.</summary>
/// <param name="Head">What could be read of it.</param>
/// <param name="Meant">The instruction it probably was, so that what follows is judged in the right light.</param>
internal sealed record UnreadSyntax(InstructionHead Head, string? Meant) : InstructionSyntax(Head);
