using System.Collections.Immutable;
using System.Diagnostics;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Fetching;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>COPY: done on the host, inside the tree; the image needs no tools for it, and no jail ever sees the context.</summary>
internal sealed class CopyStepRunner(SnapshotCatalog snapshots, ContextCopies context, RemoteCopier remotes)
{
    /// <param name="origin">The tree of a stage or an image; null for the context, and for the empty tree.</param>
    public async Task<StepOutcome> RunAsync(
        BuildStep.Copy step, StepPlace place, StepInput input, SnapshotId? origin, CancellationToken cancellationToken)
    {
        await using var draft = await snapshots.DraftAsync(input.Parent, WorkspaceUse.BuildStep, cancellationToken);
        try
        {
            if (!step.Sources.IsEmpty)
            {
                await (step.From is TreeOrigin.Context or TreeOrigin.Named
                    ? CopyPartsAsync(context.Plan(place), step, draft, cancellationToken)
                    : CopyTreeAsync(step, origin, draft, cancellationToken));
            }

            HeredocFileWriter.Write(step.Heredocs, step.Destination, draft.Path, CopyManner.Of(step));
        }
        catch (KleeneException exception)
        {
            return new StepOutcome.Failed(null, exception.Message);
        }

        return new StepOutcome.Built(await draft.CommitAsync(input.Key, input.Replace, cancellationToken));
    }

    private async Task CopyPartsAsync(ImmutableArray<FilePart> parts, BuildStep.Copy step, SnapshotDraft draft, CancellationToken cancellationToken)
    {
        foreach (var part in parts)
        {
            await (part.Local is { } plan
                ? ExecuteAsync(plan, step, draft, cancellationToken)
                : remotes.CopyAsync(part.Remote!, step, draft.Path, cancellationToken)); // A part is one or the other.
        }
    }

    private async Task CopyTreeAsync(BuildStep.Copy step, SnapshotId? origin, SnapshotDraft draft, CancellationToken cancellationToken)
    {
        var description = step.From switch
        {
            TreeOrigin.Stage stage => $"stage '{stage.Index}'",
            TreeOrigin.Image image => $"image '{image.Reference}'",
            _ => throw new UnreachableException(),
        };
        if (origin is not { } snapshot)
        {
            throw new KleeneException($"{description} has no files");
        }

        await using var view = await snapshots.OpenAsync(snapshot, cancellationToken);
        using var root = RootedDirectory.Open(view.Path);
        var files = new SourceTree(root, IgnoreFile.Empty, description) { KeepsOwners = true };
        var plan = CopyPlanner.Plan(files, step.Sources, step.Destination, step.Exclude, new SourceLookup(step.KeepsParents, step.MayBeMissing));
        await ExecuteAsync(plan, step, draft, cancellationToken);
    }

    private static Task ExecuteAsync(CopyPlan plan, BuildStep.Copy step, SnapshotDraft draft, CancellationToken cancellationToken) =>
        Task.Run(() => CopyExecutor.Execute(plan, draft.Path, CopyManner.Of(step), cancellationToken), cancellationToken);
}
