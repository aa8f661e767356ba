using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Builder.Execution;

/// <summary>
/// Which steps a build is going to run: those of the target that are not cached, and of other stages what these read. It is what
/// <see cref="BuildEngine"/> comes to by starting a stage when one of its readers has to run.
/// </summary>
internal static class NeededSteps
{
    /// <summary>Their numbers.</summary>
    public static IReadOnlySet<int> Of(BuildPlan plan, IReadOnlyDictionary<int, KeyedStage> stages)
    {
        var running = new HashSet<int>();
        var seen = new HashSet<int>();
        var waiting = new Stack<int>([plan.TargetIndex]);
        while (waiting.TryPop(out var index))
        {
            if (!seen.Add(index))
            {
                continue;
            }

            var stage = stages[index];
            if (stage.Hits.IsEmpty && stage.Stage.Base is StageBase.Stage origin)
            {
                waiting.Push(origin.Index);
            }

            foreach (var step in stage.Misses)
            {
                running.Add(step.Place.Number);
                foreach (var read in step.Place.Step.Origins.OfType<TreeOrigin.Stage>())
                {
                    waiting.Push(read.Index);
                }
            }
        }

        return running;
    }
}
