using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Expansion;
using Kleene.Build.Parser.Planning.InstructionRules;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning;

/// <summary>Walks the instructions of a file from top to bottom and folds each into its stage.</summary>
internal sealed class Planner
{
    private readonly KleenefileSyntax syntax;
    private readonly PlanningContext context;
    private readonly ImmutableArray<InstructionSyntax> openings;
    private readonly int? target;
    private readonly List<StagePlanner> stages = [];
    private readonly List<int> findingsBefore = [];
    private int? overridden;

    private Planner(KleenefileSyntax syntax, CompileOptions options, DiagnosticBag diagnostics)
    {
        this.syntax = syntax;
        openings = [.. syntax.Instructions.Where(OpensStage)];
        var graph = new StageGraph([.. openings.Select(opening => opening as FromSyntax)]);
        target = options.Target is { } name ? graph.FindTarget(name) : graph.Count > 0 ? graph.Count - 1 : null;

        var targetStage = options.Target ?? (graph.Count > 0 ? graph.NameOf(graph.Count - 1) : null) ?? "";
        context = new PlanningContext(options, graph, new GlobalScope(options, targetStage), syntax.Notation.Dialect, diagnostics);
    }

    public static PlannedFile Plan(KleenefileSyntax syntax, CompileOptions options, DiagnosticBag diagnostics)
    {
        var planner = new Planner(syntax, options, diagnostics);
        return new PlannedFile(planner.Plan(), planner.stages);
    }

    private static bool OpensStage(InstructionSyntax instruction) => instruction is FromSyntax or UnreadSyntax { Meant: "FROM" };

    private BuildPlan? Plan()
    {
        var conditions = new ConditionStack(context);
        foreach (var instruction in syntax.Instructions)
        {
            if (OpensStage(instruction))
            {
                OpenStage(instruction, conditions);
            }
            else if (!conditions.Take(instruction, stages.LastOrDefault()))
            {
                Plan(instruction, conditions.IsActive);
            }
        }

        context.ReportUnusedArguments(syntax.Source);
        return Finish();
    }

    private void OpenStage(InstructionSyntax opening, ConditionStack conditions)
    {
        if (!conditions.IsEmpty)
        {
            // Which stages there are is known before the value of any variable.
            context.Diagnostics.Report(
                Rules.StageInsideCondition, opening.Head.Keyword.Span,
                "a stage cannot begin between IF and END; give the stages names and choose among them by a variable in FROM");
        }

        overridden ??= OverriddenStage();
        findingsBefore.Add(context.Diagnostics.Count);
        var stage = FromRule.Plan(opening as FromSyntax, context, stages, isOverridden: stages.Count == overridden);
        stage.Place = $"{opening.Head.Place.Source.Path}:{opening.Head.Place.StartPosition.Line}";
        stage.Opening = opening;
        stages.Add(stage);
        if (opening is FromSyntax from)
        {
            Triggers.Plan(from, stage);
        }
    }

    private void Plan(InstructionSyntax instruction, bool counts)
    {
        if (instruction is UnreadSyntax)
        {
            // Reported when it was read.
        }
        else if (!counts || stages is [.., { IsReplaced: true }])
        {
            if (instruction is ArgSyntax skipped)
            {
                ArgRule.Note(skipped, context);
            }
        }
        else if (stages.Count > 0)
        {
            stages[^1].Fold(instruction);
        }
        else if (instruction is ArgSyntax declaration)
        {
            ArgRule.PlanGlobal(declaration, context);
        }
        else
        {
            context.Diagnostics.Report(
                Rules.InstructionBeforeFrom, instruction.Head.Keyword.Span,
                $"{instruction.Head.Name} stands before the first FROM; only ARG may");
        }
    }

    private BuildPlan? Finish()
    {
        if (stages.Count == 0)
        {
            context.Diagnostics.Report(Rules.NoStage, Diagnostic.WholeRequest(syntax.Source), "the file has no FROM, so there is nothing to build");
            return null;
        }

        if (target is not { } targetIndex)
        {
            var wanted = context.Options.Target ?? "";
            var names = context.Stages.Names.ToList();
            var suggestion = Suggestion.For(wanted, names);
            var stagesOfFile = suggestion.Length > 0 || names.Count == 0 ? "" : $"; it has {string.Join(", ", names.Select(name => $"'{name}'"))}";
            context.Diagnostics.Report(
                Rules.UndefinedTarget, Diagnostic.WholeRequest(syntax.Source), $"the target '{wanted}' is not a stage of the file{suggestion}{stagesOfFile}");
            return null;
        }

        var reachable = Reachable(targetIndex);
        ForgetUnusedValues(reachable);
        return new BuildPlan
        {
            Kleenefile = syntax.Source.Path,
            Stages = [.. stages.Select(stage => stage.ToStage(reachable.Contains(stage.Index)))],
            TargetIndex = targetIndex,
        };
    }

    private HashSet<int> Reachable(int from)
    {
        var reached = new HashSet<int>();
        var waiting = new Stack<int>([from]);
        while (waiting.TryPop(out var index))
        {
            if (reached.Add(index))
            {
                foreach (var dependency in stages[index].Dependencies)
                {
                    waiting.Push(dependency);
                }
            }
        }

        return reached;
    }

    /// <summary>A value that only an unwanted stage misses need not be given: files with one stage a variant rely on it.</summary>
    private void ForgetUnusedValues(HashSet<int> reachable) =>
        context.Diagnostics.Forget((diagnostic, number) =>
            (diagnostic.Rule == Rules.RequiredVariable || diagnostic.Rule == Rules.EmptyValue)
            && StageOf(number) is >= 0 and var stage
            && !reachable.Contains(stage));

    /// <summary>The stage that was being planned when a finding was made; -1 before the first.</summary>
    private int StageOf(int finding)
    {
        var found = findingsBefore.BinarySearch(finding);
        if (found < 0)
        {
            return ~found - 1;
        }

        // Stages without findings begin at the same number; the last of them has it.
        return findingsBefore.FindLastIndex(before => before == finding);
    }

    /// <summary>The stage at the root of the target's chain: the one whose base the caller may replace.</summary>
    private int OverriddenStage()
    {
        if (context.Options.BaseOverride is null || target is not { } index)
        {
            return -1;
        }

        while (openings[index] is FromSyntax from
            && PlanningContext.Expand(from.Image, context.Globals) is { Error: null } image
            && context.Stages.FindBase(image.Value, before: index) is { } parent)
        {
            index = parent;
        }

        return index;
    }
}
