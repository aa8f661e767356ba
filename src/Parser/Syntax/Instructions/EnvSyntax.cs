using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary><c>ENV name=value ...</c> or <c>ENV name value</c></summary>
internal sealed record EnvSyntax(InstructionHead Head, ImmutableArray<PairSyntax> Pairs, bool IsLegacy) : InstructionSyntax(Head)
{
    public static EnvSyntax? Read(InstructionHead head, DiagnosticBag diagnostics) =>
        PairReader.Read(head, diagnostics) is { } read ? new EnvSyntax(head, read.Pairs, read.IsLegacy) : null;
}
