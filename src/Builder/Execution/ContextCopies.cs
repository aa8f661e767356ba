using System.Collections.Immutable;
using System.Diagnostics;
using Kleene.Build.Builder.Caching;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Fetching;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Builder.Execution;

/// <summary>
/// The copies that read contexts or fetch: found and hashed for their keys first, and carried out from what was found then.
/// </summary>
internal sealed class ContextCopies(BuildRequest request, RemoteSources remotes)
{
    private readonly Dictionary<int, ImmutableArray<FilePart>> plans = [];
    private readonly List<string> errors = [];

    /// <summary>What a copy reads. What is wrong with it is told by <see cref="ThrowIfWrong"/>, so that all mistakes of a file are told at once.</summary>
    public ImmutableArray<ReadInput> Find(BuildStep.Copy copy, StepPlace place, CancellationToken cancellationToken)
    {
        using var traced = Tracer.Begin("find and hash files", copy.Text, place.Number);
        try
        {
            var parts = Parts(copy);
            var reads = parts.Select(part => Input(part, copy, cancellationToken)).ToImmutableArray();
            plans.Add(place.Number, parts);
            return reads;
        }
        catch (KleeneException exception)
        {
            errors.Add($"{place.Step.Place}: {place.Step.Text}: {exception.Message}");
            return [];
        }
    }

    /// <summary>What a step copies, in order.</summary>
    public ImmutableArray<FilePart> Plan(StepPlace place) => plans[place.Number];

    /// <summary>To be called when all keys are there.</summary>
    /// <exception cref="KleeneException">Copies name files that they cannot have.</exception>
    public void ThrowIfWrong()
    {
        using var traced = Tracer.Begin("save what is known of files");
        foreach (var context in request.NamedContexts.Values.Prepend(request.Context))
        {
            context?.Cache?.Save();
        }

        if (errors.Count > 0)
        {
            throw new KleeneException(string.Join('\n', errors));
        }
    }

    private ReadInput Input(FilePart part, BuildStep.Copy copy, CancellationToken cancellationToken) => part switch
    {
        { Remote: { } remote } => new ReadInput.Remote(remote, part.Address),
        { Local: { } plan } => new ReadInput.Files(plan, plan.ComputeDigest(ContextOf(copy.From).Cache, cancellationToken), copy.KeepsDirectories ? plan.DirectoryNames : ""),
        _ => throw new UnreachableException(),
    };

    private BuildContext ContextOf(TreeOrigin origin) =>
        request.FindContext(origin) ?? throw new KleeneException("there is no build context, so only --from has files; give a directory instead of '-'");

    /// <summary>Sources that stand together and are looked up in one tree are one part: what is a hard link in it stays one.</summary>
    private ImmutableArray<FilePart> Parts(BuildStep.Copy copy)
    {
        var parts = ImmutableArray.CreateBuilder<FilePart>();
        var local = ImmutableArray.CreateBuilder<string>();
        foreach (var source in copy.Sources)
        {
            if (remotes.Find(source, copy.Add) is { } remote)
            {
                AddLocal();
                parts.Add(new FilePart(null, remote, source));
            }
            else
            {
                local.Add(source);
            }
        }

        AddLocal();
        return parts.ToImmutable();

        void AddLocal()
        {
            if (local.Count > 0)
            {
                var lookup = new SourceLookup(copy.KeepsParents, copy.MayBeMissing);
                parts.Add(new FilePart(CopyPlanner.Plan(ContextOf(copy.From).Files, local.ToImmutable(), copy.Destination, copy.Exclude, lookup), null, ""));
                local.Clear();
            }
        }
    }
}

/// <summary>Some of what one step copies: files of a context, or what was fetched.</summary>
/// <param name="Address">Where the latter is from.</param>
internal readonly record struct FilePart(CopyPlan? Local, RemotePart? Remote, string Address);
