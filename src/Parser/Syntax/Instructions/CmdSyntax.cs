using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>CMD command</c> or <c>CMD ["program", "argument"]</c></summary>
internal sealed record CmdSyntax(InstructionHead Head, CommandSyntax Command) : InstructionSyntax(Head)
{
    public static CmdSyntax? Read(InstructionHead head, DiagnosticBag diagnostics) =>
        CommandReader.Read(head, diagnostics) is { } command ? new CmdSyntax(head, command) : null;
}
