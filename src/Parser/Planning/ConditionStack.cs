using System.Diagnostics;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning;

/// <summary>
/// The IFs that are open while the planner walks down a file, and which of their branches counts. Everything that a condition asks is
/// known while planning, so the plan itself has no conditions.
/// </summary>
internal sealed class ConditionStack(PlanningContext context)
{
    private readonly Stack<Block> open = new();

    public bool IsEmpty => open.Count == 0;

    /// <summary>Whether what stands here counts.</summary>
    public bool IsActive => open.Count == 0 || open.Peek() is { Counts: true };

    /// <summary>Takes IF, ELSE and END; false for everything else.</summary>
    /// <param name="stage">Whose variables the condition sees; null above the first FROM.</param>
    public bool Take(InstructionSyntax instruction, StagePlanner? stage)
    {
        switch (instruction)
        {
            case IfSyntax { Condition: var condition }:
                var isReached = IsActive;
                open.Push(Branch(new Block(isReached), instruction.Head, condition, stage));
                return true;
            case ElseSyntax { Condition: var condition } when open.TryPop(out var block):
                open.Push(Branch(block, instruction.Head, condition, stage));
                return true;
            case EndSyntax when open.TryPop(out _):
                return true;
            case UnreadSyntax { Head.Name: "IF" }:
                // Its END closes it, whatever it asked.
                open.Push(new Block(IsActive) { Counts = IsActive });
                return true;
            case ElseSyntax or EndSyntax:
                return true;
            default:
                return false;
        }
    }

    private Block Branch(Block block, InstructionHead head, ConditionSyntax? condition, StagePlanner? stage)
    {
        // A condition that cannot matter is not asked: it may hang on variables that only the other branch has.
        var counts = block is { IsReached: true, IsSettled: false } && (condition is null || Ask(condition, head, stage));
        return block with { Counts = counts, IsSettled = block.IsSettled || counts };
    }

    private bool Ask(ConditionSyntax condition, InstructionHead head, StagePlanner? stage)
    {
        var isKnown = true;
        var holds = Holds(condition);
        if (!isKnown)
        {
            context.Diagnostics.Report(
                Rules.UnsettledCondition, head.TextSpan, $"the condition hangs on the base image, which is not known here; it was taken to {(holds ? "hold" : "fail")}");
        }

        return holds;

        bool Holds(ConditionSyntax asked) => asked switch
        {
            ConditionSyntax.IsSet(var word) => MeansYes(Value(word)),
            ConditionSyntax.Equal(var left, var right, var isNegated) => (Value(left) == Value(right)) != isNegated,
            ConditionSyntax.Not(var operand) => !Holds(operand),
            ConditionSyntax.And(var left, var right) => Holds(left) && Holds(right),
            ConditionSyntax.Or(var left, var right) => Holds(left) || Holds(right),
            _ => throw new UnreachableException(),
        };

        string Value(Word word)
        {
            if (stage is null)
            {
                return context.ExpandGlobally(word, Rules.UndefinedVariable, "no ARG above declares") ?? "";
            }

            var value = stage.Expand(word);
            isKnown &= value is not { IsKnown: false };
            return value?.Value ?? "";
        }
    }

    /// <summary>Anything but what switches are turned off with.</summary>
    private static bool MeansYes(string value) => value.ToUpperInvariant() is not ("" or "0" or "FALSE" or "NO" or "OFF");

    /// <param name="IsReached">Whether the block itself stands where things count.</param>
    private readonly record struct Block(bool IsReached)
    {
        /// <summary>Whether the branch in hand counts.</summary>
        public bool Counts { get; init; }

        /// <summary>Whether one of the branches so far has counted.</summary>
        public bool IsSettled { get; init; }
    }
}
