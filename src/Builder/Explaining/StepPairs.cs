using Kleene.Build.Runtime.Builds;

namespace Kleene.Build.Builder.Explaining;

/// <summary>
/// Which step of an earlier build stands for which of a later one: in stages of one name, the same texts in the same order (the longest common
/// subsequence), and between two of those the same instructions.
/// </summary>
internal sealed class StepPairs
{
    private readonly Dictionary<int, RecordedStep> pairs = [];

    public StepPairs(BuildDetail before, BuildDetail after)
    {
        foreach (var stage in after.Stages)
        {
            // A stage without a name has its number for one.
            if (before.Stages.FirstOrDefault(old => old.Name == stage.Name) is { } old)
            {
                Pair([.. before.Steps.Where(step => step.Stage == old.Index)], [.. after.Steps.Where(step => step.Stage == stage.Index)]);
            }
        }
    }

    /// <summary>Null when the earlier build had no such step.</summary>
    public RecordedStep? Find(RecordedStep later) => pairs.GetValueOrDefault(later.Number);

    private void Pair(RecordedStep[] before, RecordedStep[] after)
    {
        var (i, j) = (0, 0);
        foreach (var (same, also) in Common(before, after).Append((before.Length, after.Length)))
        {
            for (; j < also; j++)
            {
                var old = Array.FindIndex(before, i, same - i, step => step.Instruction == after[j].Instruction);
                if (old >= 0)
                {
                    pairs[after[j].Number] = before[old];
                    i = old + 1;
                }
            }

            if (same < before.Length)
            {
                pairs[after[also].Number] = before[same];
            }

            (i, j) = (same + 1, also + 1);
        }
    }

    private static List<(int Before, int After)> Common(RecordedStep[] before, RecordedStep[] after)
    {
        var lengths = new int[before.Length + 1, after.Length + 1];
        for (var i = before.Length - 1; i >= 0; i--)
        {
            for (var j = after.Length - 1; j >= 0; j--)
            {
                lengths[i, j] = before[i].Text == after[j].Text ? lengths[i + 1, j + 1] + 1 : Math.Max(lengths[i + 1, j], lengths[i, j + 1]);
            }
        }

        var common = new List<(int, int)>();
        for (var (i, j) = (0, 0); i < before.Length && j < after.Length;)
        {
            if (before[i].Text == after[j].Text)
            {
                common.Add((i++, j++));
            }
            else if (lengths[i + 1, j] >= lengths[i, j + 1])
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        return common;
    }
}
