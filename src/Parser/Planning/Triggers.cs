using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Planning;

/// <summary>Carries out the ONBUILD instructions of a base, as if they stood below the FROM. They are not passed on to the next image.</summary>
internal static class Triggers
{
    public static void Plan(FromSyntax from, StagePlanner stage)
    {
        var triggers = stage.Config.OnBuild;
        if (triggers.IsEmpty)
        {
            return;
        }

        stage.Config = stage.Config with { OnBuild = [] };
        foreach (var trigger in triggers)
        {
            Plan(trigger, from, stage);
        }
    }

    private static void Plan(string trigger, FromSyntax from, StagePlanner stage)
    {
        var diagnostics = stage.Context.Diagnostics;
        var lineBreak = trigger.IndexOf('\n');
        var name = $"ONBUILD {(lineBreak < 0 ? trigger : trigger[..lineBreak])}";
        var source = new SourceText(name, trigger) { Origin = from.Image.Span, IsTrigger = true };
        foreach (var instruction in SyntaxReader.Read(source, LineLexer.Lex(source, diagnostics), diagnostics).Instructions)
        {
            if (instruction is UnreadSyntax)
            {
                // Reported when it was read.
            }
            else if (!instruction.Head.Definition.MayBeTrigger)
            {
                diagnostics.Report(Rules.InvalidTrigger, instruction.Head.Keyword.Span, $"ONBUILD does not take {instruction.Head.Name}");
            }
            else
            {
                instruction.Head.Definition.Plan?.Invoke(instruction, stage);
            }
        }
    }
}
