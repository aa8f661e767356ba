using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax.Grammar;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Syntax;

/// <summary>Reads the instructions of a file one by one. What cannot be read is reported, and reading goes on at the next.</summary>
internal static class SyntaxReader
{
    public static KleenefileSyntax Read(SourceText source, LexedFile file, DiagnosticBag diagnostics)
    {
        var instructions = ImmutableArray.CreateBuilder<InstructionSyntax>(file.Lines.Length);
        foreach (var line in file.Lines)
        {
            instructions.Add(Read(line, 0, diagnostics));
        }

        var syntax = new KleenefileSyntax(source, file.Notation, file.Directives, instructions.MoveToImmutable());
        BlockBalance.Check(syntax, diagnostics);
        return syntax;
    }

    /// <summary>Reads the instruction that begins at a place of a line.</summary>
    public static InstructionSyntax Read(LogicalLine line, int start, DiagnosticBag diagnostics)
    {
        var (keyword, flags, argumentsStart) = ArgumentGrammar.Head(line, start);
        if (InstructionTable.Find(keyword.Text) is not { } definition)
        {
            var nearest = Suggestion.Nearest(keyword.Text, InstructionTable.Names);
            diagnostics.Report(
                Rules.UnknownInstruction, keyword.Span, $"unknown instruction '{keyword.Text}'{Suggestion.Tail(nearest)}",
                nearest is null ? null : keyword.Replace(nearest));
            return new UnreadSyntax(new InstructionHead(Unknown(keyword.Text), keyword, [], line, argumentsStart), Meant: nearest);
        }

        var head = new InstructionHead(definition, keyword, flags, line, argumentsStart);
        if (head.ReadAsKleene is { } readAsKleene)
        {
            // One blank ends the keyword; there are no flags.
            head = head with { Flags = [], ArgumentsStart = keyword.Start + keyword.Length + 1 };
            return readAsKleene(head, diagnostics) ?? (InstructionSyntax)new UnreadSyntax(head, definition.Name);
        }

        if (definition.IsAddition && !head.Dialect.HasAdditions())
        {
            diagnostics.Report(
                Rules.UnknownInstruction, keyword.Span, $"{definition.Name} is an addition to Docker's language; this file asks for another one by '# syntax='");
            return new UnreadSyntax(head, Meant: null);
        }

        var flagsAreGood = CheckFlags(head, diagnostics);
        if (line.Heredocs.Any(heredoc => !heredoc.IsTerminated))
        {
            // Reported when the end was looked for.
            return new UnreadSyntax(head, Meant: null);
        }

        return definition.Read(head, diagnostics) is { } syntax && flagsAreGood ? syntax : new UnreadSyntax(head, definition.Name);
    }

    private static bool CheckFlags(InstructionHead head, DiagnosticBag diagnostics)
    {
        var definition = head.Definition;
        var known = head.Dialect.HasAdditions() ? definition.Flags : definition.Flags.RemoveRange(definition.AddedFlags);
        var good = true;
        for (var i = 0; i < head.Flags.Length; i++)
        {
            var flag = head.Flags[i];
            if (definition.LaterFlags.Contains(flag.Name))
            {
                diagnostics.Report(Rules.NotSupportedYet, flag.Word.Span, $"'--{flag.Name}' on {definition.Name} is not supported yet");
            }
            else if (!known.Contains(flag.Name))
            {
                var suggestion = Suggestion.Nearest(flag.Name, known.Concat(definition.LaterFlags));
                diagnostics.Report(
                    Rules.UnknownFlag, flag.Word.Span,
                    definition.AddedFlags.Contains(flag.Name)
                        ? $"'--{flag.Name}' is an addition of Kleene, and the file asks for another language by '# syntax='"
                        : $"{definition.Name} has no flag '--{flag.Name}'{(suggestion is null ? "" : $"; did you mean '--{suggestion}'?")}",
                    suggestion is null ? null : flag.Word.Slice("--".Length, "--".Length + flag.Name.Length).Replace(suggestion));
            }
            else if (definition.Switches.Contains(flag.Name) && flag.Value is not (null or { Text: "true" or "false" }))
            {
                diagnostics.Report(Rules.InvalidFlag, flag.Word.Span, $"'--{flag.Name}' is on or off: --{flag.Name}, --{flag.Name}=true or --{flag.Name}=false");
            }
            else if (flag.Value is not { Length: > 0 } && !definition.Switches.Contains(flag.Name))
            {
                diagnostics.Report(Rules.InvalidFlag, flag.Word.Span, $"'--{flag.Name}' needs a value: --{flag.Name}=VALUE");
            }
            else if (!definition.RepeatableFlags.Contains(flag.Name) && head.Flags.Take(i).Any(earlier => earlier.Name == flag.Name))
            {
                diagnostics.Report(Rules.InvalidFlag, flag.Word.Span, $"'--{flag.Name}' is given twice");
            }
            else
            {
                continue;
            }

            good = false;
        }

        return good;
    }

    private static InstructionDefinition Unknown(string name) => new() { Name = name.ToUpperInvariant(), Form = "an instruction", Read = (_, _) => null };
}
