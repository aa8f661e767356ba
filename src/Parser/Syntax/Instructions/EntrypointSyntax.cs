using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>ENTRYPOINT command</c> or <c>ENTRYPOINT ["program", "argument"]</c></summary>
internal sealed record EntrypointSyntax(InstructionHead Head, CommandSyntax Command) : InstructionSyntax(Head)
{
    public static EntrypointSyntax? Read(InstructionHead head, DiagnosticBag diagnostics) =>
        CommandReader.Read(head, diagnostics) is { } command ? new EntrypointSyntax(head, command) : null;
}
