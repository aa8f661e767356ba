using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;

namespace Kleene.Build.Builder.Execution;

/// <summary>Asks whether the caller has agreed to what a Kleenefile wants of the machine. A file alone must not be able to take it.</summary>
internal static class Consent
{
    /// <exception cref="KleeneException">Commands want rights that nobody has given them; all are named.</exception>
    public static void Require(BuildPlan plan, BuildRequest request)
    {
        var runs = plan.Stages.Where(stage => stage.IsReachable).SelectMany(stage => stage.Steps).OfType<BuildStep.Run>().ToList();
        if (!request.AllowInsecure)
        {
            Refuse(runs.Where(run => run.IsInsecure), "RUN --security=insecure may do to this machine what its superuser may; agree with --allow security.insecure, or take the flag away");
        }

        if (!request.AllowHostNetwork && request.Network != "host")
        {
            Refuse(runs.Where(run => run.Network == "host"), "RUN --network=host reaches what listens on this machine's loopback; agree with --allow network.host, or take the flag away");
        }
    }

    private static void Refuse(IEnumerable<BuildStep.Run> runs, string reason)
    {
        var places = runs.Select(run => run.Place).ToList();
        if (places.Count > 0)
        {
            throw new KleeneException($"{string.Join(", ", places)}: {reason}");
        }
    }
}
