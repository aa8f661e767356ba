using System.Globalization;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>How a container is asked whether it is well. It replaces the whole of what the base has.</summary>
internal static class HealthcheckRule
{
    private const long Shortest = 1_000_000;

    public static void Plan(HealthcheckSyntax syntax, StagePlanner stage)
    {
        stage.NoteLastCounts(syntax.Head);
        if (syntax.Command is CommandSyntax.Exec { Arguments.IsEmpty: true })
        {
            syntax.Head.ReportMalformed(stage.Context.Diagnostics, syntax.Head.TextSpan, "has an empty command");
            return;
        }

        var healthcheck = new Healthcheck
        {
            Test = syntax.Command switch
            {
                null => ["NONE"],
                CommandSyntax.Shell shell => ["CMD-SHELL", shell.Text.Text],
                var exec => ["CMD", .. CommandWords.Of(exec, stage)],
            },
            Interval = Duration("interval", syntax.Head, stage),
            Timeout = Duration("timeout", syntax.Head, stage),
            StartPeriod = Duration("start-period", syntax.Head, stage),
            StartInterval = Duration("start-interval", syntax.Head, stage),
            Retries = Retries(syntax.Head, stage),
        };
        stage.Config = stage.Config with { Healthcheck = healthcheck };
    }

    private static long Duration(string name, InstructionHead head, StagePlanner stage)
    {
        if (Flag(name, head, stage) is not { } text)
        {
            return 0;
        }

        if (!GoDuration.TryParse(text, out var duration))
        {
            Report(name, head, stage, $"'{text}' is not a duration; expected something like 30s, 1m30s or 500ms");
        }
        else if (duration is not 0 and < Shortest)
        {
            Report(name, head, stage, $"'{text}' is too short; the least is 1ms, and 0 stands for the default");
        }

        return duration;
    }

    private static int Retries(InstructionHead head, StagePlanner stage)
    {
        if (Flag("retries", head, stage) is not { } text)
        {
            return 0;
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var retries))
        {
            Report("retries", head, stage, $"'{text}' is not a number of retries; expected 0 or more, 0 for the default");
        }

        return retries;
    }

    /// <summary>Null where there is none, or where nobody knows yet what it will be.</summary>
    private static string? Flag(string name, InstructionHead head, StagePlanner stage) =>
        head.Flag(name) is { } word && stage.ExpandToSomething(word, $"the value of --{name}") is { IsKnown: true, Value: var value } ? value : null;

    private static void Report(string name, InstructionHead head, StagePlanner stage, string message) =>
        stage.Report(Rules.InvalidFlag, head.Flag(name)?.Span ?? head.TextSpan, message);
}
