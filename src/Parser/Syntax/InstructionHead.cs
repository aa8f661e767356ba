using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Syntax;

/// <summary>An instruction whose keyword and flags are read and whose arguments are not.</summary>
internal sealed record InstructionHead(
    InstructionDefinition Definition, Word Keyword, ImmutableArray<FlagSyntax> Flags, LogicalLine Line, int ArgumentsStart)
{
    /// <summary>The instruction in upper case.</summary>
    public string Name => Definition.Name;

    /// <summary>Kleene's own way to read it; null in other dialects and for what Kleene does not have, such as a keyword alone.</summary>
    public InstructionReader? ReadAsKleene =>
        Dialect == Dialect.Kleene && Keyword.Start + Keyword.Length < Line.Text.Length ? Definition.ReadAsKleene : null;

    public Dialect Dialect => Line.Notation.Dialect;

    public TextSpan Span => Line.Span;

    /// <summary>Where a reader finds it: from the keyword to the end of the last heredoc. An ONBUILD of the base stands for its FROM.</summary>
    public TextSpan Place =>
        Line.Source is { IsTrigger: true, Origin: { } origin } ? origin
        : Line.Heredocs.IsEmpty ? TextSpan
        : Keyword.Span.To(Line.Heredocs[^1].Body);

    /// <summary>Where that is, as messages begin: <c>Kleenefile:3</c>.</summary>
    public string PlaceText => $"{Place.Source.Path}:{Place.StartPosition.Line}";

    /// <summary>From the keyword to the last character that is not a blank.</summary>
    public TextSpan TextSpan => Line.SpanOf(Keyword.Start, Math.Max(Keyword.Length, Line.Text.TrimEnd().Length - Keyword.Start));

    /// <summary>With the bodies of heredocs.</summary>
    public TextSpan WholeSpan => Line.Heredocs.IsEmpty ? Span : Span.To(Line.Heredocs[^1].Body);

    public Word? Flag(string name) => Flags.FirstOrDefault(flag => flag.Name == name)?.Value;

    /// <summary>The values of a flag that may be given more than once.</summary>
    public IEnumerable<Word> AllFlags(string name)
    {
        foreach (var flag in Flags)
        {
            if (flag.Name == name && flag.Value is { } value)
            {
                yield return value;
            }
        }
    }

    /// <summary>Whether a flag that needs no value is given, and not as <c>=false</c>.</summary>
    public bool IsOn(string name) => Flags.Any(flag => flag.Name == name && flag.Value is (null or { Text: "true" }));

    /// <summary>Null where nothing is said.</summary>
    public bool? Switch(string name) => Flags.Any(flag => flag.Name == name) ? IsOn(name) : null;

    /// <summary>Says what the instruction wants instead; the caller gives up on it.</summary>
    public void ReportMalformed(DiagnosticBag diagnostics, TextSpan span, string problem) =>
        diagnostics.Report(Rules.MalformedInstruction, span, $"{Name} {problem}; expected {Definition.Form}");
}
