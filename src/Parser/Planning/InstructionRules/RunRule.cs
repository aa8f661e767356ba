using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>A command in a jail.</summary>
internal static class RunRule
{
    public static void Plan(RunSyntax syntax, StagePlanner stage)
    {
        var argv = CommandWords.Of(syntax.Command, stage);
        var network = syntax.Head.Flag("network") is { } flag ? stage.ExpandToSomething(flag, "the network")?.Value : "default";
        if (argv.IsEmpty)
        {
            syntax.Head.ReportMalformed(stage.Context.Diagnostics, syntax.Head.TextSpan, "has an empty command");
            return;
        }

        if (network is null)
        {
            return;
        }

        stage.Add(syntax.Head, new BuildStep.Run
        {
            Argv = argv,
            Environment = stage.CommandEnvironment(),
            ProxyEnvironment = stage.ProxyEnvironment(),
            User = stage.Config.User,
            WorkingDirectory = stage.WorkingDirectory,
            Network = network,
        });
    }
}
