namespace Kleene.Build.Parser.Syntax;

/// <summary>An instruction that has been read: what it says, not yet what it means.</summary>
internal abstract record InstructionSyntax(InstructionHead Head);
