using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;

namespace Kleene.Build.Builder.Execution;

/// <summary>Asks whether the caller has agreed to what a Kleenefile wants of the machine. A file alone must not be able to take it.</summary>
internal static class Consent
{
    /// <exception cref="KleeneException">Commands want rights that nobody has given them; all are named.</exception>
    public static void Require(BuildPlan plan, BuildRequest request)
    {
        if (request.AllowInsecure)
        {
            return;
        }

        var places = plan.Stages.Where(stage => stage.IsReachable).SelectMany(stage => stage.Steps).OfType<BuildStep.Run>().Where(run => run.IsInsecure).Select(run => run.Place).ToList();
        if (places.Count > 0)
        {
            throw new KleeneException(
                $"{string.Join(", ", places)}: RUN --security=insecure may do to this machine what its superuser may; agree with --allow security.insecure, or take the flag away");
        }
    }
}
