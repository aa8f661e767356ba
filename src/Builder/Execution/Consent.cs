using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;

namespace Kleene.Build.Builder.Execution;

/// <summary>Asks whether the caller has agreed to what a Kleenefile wants of the machine. A file alone must not be able to take it.</summary>
internal static class Consent
{
    /// <exception cref="KleeneException">Commands want rights that nobody has given them; all are named.</exception>
    public static void Require(BuildPlan plan, BuildRequest request)
    {
        if (!request.AllowInsecure)
        {
            Refuse(plan, run => run.IsInsecure, "RUN --security=insecure may do to this machine what its superuser may; agree with --allow security.insecure, or take the flag away");
        }

        if (!request.AllowHostNetwork && request.Network != "host")
        {
            Refuse(plan, run => run.Network == "host", "RUN --network=host reaches what listens on this machine's loopback; agree with --allow network.host, or take the flag away");
        }
    }

    private static void Refuse(BuildPlan plan, Predicate<BuildStep.Run> wants, string reason)
    {
        var places = new List<string>();
        foreach (var stage in plan.Stages.Where(stage => stage.IsReachable))
        {
            foreach (var step in stage.Steps)
            {
                if (step is BuildStep.Run run && wants(run))
                {
                    places.Add(run.Place);
                }
            }
        }

        if (places.Count > 0)
        {
            throw new KleeneException($"{string.Join(", ", places)}: {reason}");
        }
    }
}
