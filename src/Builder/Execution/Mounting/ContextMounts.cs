using Kleene.Build.Builder.Caching;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Builder.Events;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;

namespace Kleene.Build.Builder.Execution.Mounting;

/// <summary>The mounts that read the build context, or a tree of the caller's: found and hashed for the keys of their steps, and made later from what was found then.</summary>
internal sealed class ContextMounts(BuildRequest request)
{
    /// <summary>Where in a tree of its own the source of a mount is put, be it a file or a directory.</summary>
    public const string Place = "/source";

    private readonly Dictionary<(int Step, RunMount Mount), MountSource.Files> found = [];
    private readonly List<string> errors = [];

    /// <summary>What a mount shows; null when that cannot be said. What is wrong with it is told by <see cref="ThrowIfWrong"/>.</summary>
    /// <param name="origin">The tree that it reads.</param>
    /// <param name="source">What of that is shown.</param>
    public ReadInput? Find(RunMount mount, TreeOrigin origin, string source, StepPlace place, CancellationToken cancellationToken)
    {
        try
        {
            var context = request.FindContext(origin)
                ?? throw new KleeneException("there is no build context to mount from; give a directory instead of '-', or name a stage by from=");
            var plan = Plan(context, source);
            var digest = plan.ComputeDigest(context.Cache, cancellationToken);
            found[(place.Number, mount)] = new MountSource.Files(plan, digest.ToString());
            return new ReadInput.Files(plan, digest, "");
        }
        catch (KleeneException exception)
        {
            errors.Add($"{place.Step.Place}: {place.Step.Text}: {exception.Message}");
            return null;
        }
    }

    public MountSource.Files this[StepPlace place, RunMount mount] => found[(place.Number, mount)];

    /// <summary>To be called when all keys are there.</summary>
    /// <exception cref="KleeneException">Mounts name files that they cannot have.</exception>
    public void ThrowIfWrong()
    {
        if (errors.Count > 0)
        {
            throw new KleeneException(string.Join('\n', errors));
        }
    }

    private static CopyPlan Plan(BuildContext context, string source)
    {
        var plan = CopyPlanner.Plan(context.Files, [Literal(source)], Place);
        return plan.Sources.IsEmpty ? throw new KleeneException($"there is no '{source}' in {context.Files.Description}") : plan;
    }

    /// <summary>The source of a mount has no wildcards, and that of a copy, which finds it here, has.</summary>
    private static string Literal(string source) =>
        source.AsSpan().ContainsAny('*', '?', '[') ? string.Concat(source.Select(c => c switch { '*' or '?' or '[' => $"[{c}]", '\\' => "\\\\", _ => c.ToString() })) : source;
}
