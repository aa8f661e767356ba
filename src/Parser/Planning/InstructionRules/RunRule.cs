using System.Collections.Immutable;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>A command in a jail.</summary>
internal static class RunRule
{
    public static void Plan(RunSyntax syntax, StagePlanner stage)
    {
        var command = RunCommand.Of(syntax, stage);
        var network = syntax.Head.Flag("network") is { } flag ? stage.ExpandToSomething(flag, "the network")?.Value : "default";
        if (command is { Argv.IsEmpty: true })
        {
            syntax.Head.ReportMalformed(stage.Context.Diagnostics, syntax.Head.TextSpan, "has an empty command");
            return;
        }

        if (command is null || network is null)
        {
            return;
        }

        stage.Add(syntax.Head, new BuildStep.Run
        {
            Argv = command.Argv,
            Environment = stage.CommandEnvironment(),
            ProxyEnvironment = stage.ProxyEnvironment(),
            User = stage.Config.User,
            WorkingDirectory = stage.WorkingDirectory,
            Network = network,
            Heredocs = PlannedHeredocs(syntax.Head.Line),
            Script = command.Script,
            ScriptPath = command.ScriptPath,
        });
    }

    private static ImmutableArray<PlannedHeredoc> PlannedHeredocs(LogicalLine line) =>
        [.. line.Heredocs.Select(heredoc => new PlannedHeredoc(heredoc.Name, heredoc.Content().Text, !heredoc.IsQuoted))];
}
