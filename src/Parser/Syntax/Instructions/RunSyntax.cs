using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>RUN command</c> or <c>RUN ["program", "argument"]</c></summary>
internal sealed record RunSyntax(InstructionHead Head, CommandSyntax Command) : InstructionSyntax(Head)
{
    public static RunSyntax? Read(InstructionHead head, DiagnosticBag diagnostics) =>
        CommandReader.Read(head, diagnostics) is { } command ? new RunSyntax(head, command) : null;
}
