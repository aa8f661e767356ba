using Kleene.Build.Builder.Contexts;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Builder.Events;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;

namespace Kleene.Build.Builder.Execution;

/// <summary>The copies that read the build context: found and hashed for their keys first, and carried out from what was found then.</summary>
internal sealed class ContextCopies(BuildContext? context)
{
    private readonly Dictionary<int, CopyPlan> plans = [];
    private readonly List<string> errors = [];

    /// <summary>The digest of what a copy reads. What is wrong with it is told by <see cref="ThrowIfWrong"/>, so that all mistakes of a file are told at once.</summary>
    public string Digest(BuildStep.Copy copy, StepPlace place, CancellationToken cancellationToken)
    {
        try
        {
            if (context is null)
            {
                throw new KleeneException("there is no build context, so only --from has files; give a directory instead of '-'");
            }

            var plan = CopyPlanner.Plan(context.Files, copy.Sources, copy.Destination, copy.Exclude);
            var digest = plan.ComputeDigest(context.Cache, cancellationToken).ToString();
            plans.Add(place.Number, plan);
            return digest;
        }
        catch (KleeneException exception)
        {
            errors.Add($"{place.Step.Place}: {place.Step.Text}: {exception.Message}");
            return "";
        }
    }

    public CopyPlan Plan(StepPlace place) => plans[place.Number];

    /// <summary>To be called when all keys are there.</summary>
    /// <exception cref="KleeneException">Copies name files that they cannot have.</exception>
    public void ThrowIfWrong()
    {
        context?.Cache?.Save();
        if (errors.Count > 0)
        {
            throw new KleeneException(string.Join('\n', errors));
        }
    }
}
