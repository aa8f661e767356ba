using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;
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

        var mounts = MountRule.Read(syntax.Head, stage);
        var isInsecure = IsInsecure(syntax.Head, stage);
        var reports = Reports(syntax.Head, stage);
        if (command is null || network is null || mounts is null || isInsecure is null || reports is null)
        {
            return;
        }

        var environment = stage.CommandEnvironment();
        stage.Add(syntax.Head, new BuildStep.Run
        {
            Argv = command.Argv,
            Environment = environment.Entries,
            EnvironmentOrigins = environment.Origins,
            ProxyEnvironment = stage.ProxyEnvironment(),
            User = stage.CommandUser,
            WorkingDirectory = stage.WorkingDirectory,
            Network = network,
            IsInsecure = isInsecure.Value,
            Hostname = stage.Context.Options.Arguments.Find(BuiltInArguments.Hostname) ?? "",
            Mounts = mounts.Value,
            Reports = reports.Value,
            Heredocs = PlannedHeredocs(syntax.Head.Line),
            Script = command.Script,
            ScriptPath = command.ScriptPath,
        });
    }

    /// <summary>Null when it is neither, which has been reported.</summary>
    private static bool? IsInsecure(InstructionHead head, StagePlanner stage)
    {
        if (head.Flag("security") is not { } flag)
        {
            return false;
        }

        switch (stage.ExpandToSomething(flag, "the value of --security"))
        {
            case null:
                return null;
            case { Value: "insecure" }:
                return true;
            case { Value: "sandbox" } or { IsKnown: false }:
                return false;
            case { Value: var other }:
                stage.Report(Rules.InvalidFlag, flag.Span, $"'{other}' is neither 'sandbox' nor 'insecure'{Suggestion.For(other, ["sandbox", "insecure"])}");
                return null;
        }
    }

    /// <summary>Null when one of them is nothing, which has been reported.</summary>
    private static ImmutableArray<string>? Reports(InstructionHead head, StagePlanner stage)
    {
        // Most have none, and what follows is dear where it is done for the first time.
        if (!head.Flags.Any(flag => flag.Name == "report"))
        {
            return [];
        }

        var paths = head.AllFlags("report").Select(flag => stage.ExpandToSomething(flag, "the path of --report")?.Value).ToList();
        return paths.Contains(null) ? null : [.. paths.OfType<string>().Select(path => ImagePath.Join(stage.WorkingDirectory, path)).Distinct()];
    }

    private static ImmutableArray<PlannedHeredoc> PlannedHeredocs(LogicalLine line) =>
        [.. line.Heredocs.Select(heredoc => new PlannedHeredoc(heredoc.Name, heredoc.Content().Text, !heredoc.IsQuoted))];
}
