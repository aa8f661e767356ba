using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Linting.Checks;

/// <summary><c># check=skip=RULE</c> in the comment above an instruction: what is found in that instruction is kept back.</summary>
internal sealed record SkipComment(CheckOptions Options, TextSpan Covered)
{
    public bool Covers(TextSpan span) =>
        ReferenceEquals(span.Source, Covered.Source) && span.Start >= Covered.Start && span.Start < Math.Max(Covered.End, Covered.Start + 1);

    /// <summary>Those of a whole file. Costs next to nothing where there are none.</summary>
    public static List<SkipComment> Read(KleenefileSyntax syntax, DiagnosticBag diagnostics)
    {
        var comments = new List<SkipComment>();
        if (!SpeaksAnywhere(syntax))
        {
            return comments;
        }

        var directives = syntax.Directives.Select(directive => directive.NameSpan).ToHashSet();
        foreach (var text in syntax.Instructions.GroupBy(instruction => instruction.Head.Line.Source).Where(text => Speaks(text.Key)))
        {
            foreach (var head in text.Select(instruction => instruction.Head))
            {
                if (CommentsAbove.Of(head).Select(line => Directives.Recognise(line)).FirstOrDefault(IsCheck) is { } directive)
                {
                    var start = directive.ValueSpan.Start;
                    var options = CheckOptions.Read(
                        directive.Value, (offset, length) => new TextSpan(text.Key, start + offset, start + offset + length), diagnostics);
                    comments.Add(new SkipComment(options, head.WholeSpan));
                }
            }
        }

        return comments;

        bool IsCheck(Directive? directive) => directive is { Name: Directives.Check } && !directives.Contains(directive.NameSpan);
    }

    /// <summary>Instructions that were included stand in texts of their own, one after another.</summary>
    private static bool SpeaksAnywhere(KleenefileSyntax syntax)
    {
        SourceText? asked = null;
        foreach (var instruction in syntax.Instructions)
        {
            if (!ReferenceEquals(instruction.Head.Line.Source, asked) && Speaks(asked = instruction.Head.Line.Source))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Speaks(SourceText source) => source.Text.Contains(Directives.Check, StringComparison.OrdinalIgnoreCase);
}
