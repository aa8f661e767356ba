using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>LABEL name=value ...</c> or <c>LABEL name value</c></summary>
internal sealed record LabelSyntax(InstructionHead Head, ImmutableArray<PairSyntax> Pairs, bool IsLegacy) : InstructionSyntax(Head)
{
    public static LabelSyntax? Read(InstructionHead head, DiagnosticBag diagnostics) =>
        PairReader.Read(head, diagnostics) is { } read ? new LabelSyntax(head, read.Pairs, read.IsLegacy) : null;
}
