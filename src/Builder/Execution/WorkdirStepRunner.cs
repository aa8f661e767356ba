using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>WORKDIR: a directory that is there costs no snapshot.</summary>
internal sealed class WorkdirStepRunner(SnapshotCatalog snapshots)
{
    /// <summary>0755.</summary>
    private const uint Permissions = 0x1ed;

    public async Task<StepOutcome> RunAsync(BuildStep.Workdir step, StepInput input, CancellationToken cancellationToken)
    {
        await using var draft = await snapshots.DraftAsync(input.Parent, WorkspaceUse.BuildStep, cancellationToken);
        try
        {
            if (!MakeDirectory(step, draft.Path) && input.Parent is { } parent)
            {
                snapshots.Remember(input.Key, parent);
                return new StepOutcome.Built(parent);
            }
        }
        catch (FileOperationException exception)
        {
            return new StepOutcome.Failed(null, exception.Message);
        }

        return new StepOutcome.Built(await input.CommitAsync(draft, cancellationToken));
    }

    /// <summary>Returns false when it was there. The tree is let go again: it could not be unmounted otherwise.</summary>
    private static bool MakeDirectory(BuildStep.Workdir step, string tree)
    {
        using var root = RootedDirectory.Open(tree);
        if (root.TryStat(step.Path, followLink: true) is { Kind: FileKind.Directory })
        {
            return false;
        }


        // A user who is not in the image's own files yet is reported by the first command that runs as one; it must not stop a directory.
        root.CreateDirectories(step.Path, Permissions, OwnerNames.TryResolve(root, step.User) ?? default);
        return true;
    }
}
