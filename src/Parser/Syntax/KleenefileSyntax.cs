using System.Collections.Immutable;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Syntax;

/// <summary>A file whose instructions are read, in the order of the file.</summary>
internal sealed record KleenefileSyntax(SourceText Source, Notation Notation, ImmutableArray<Directive> Directives, ImmutableArray<InstructionSyntax> Instructions);
