using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>WORKDIR: a directory that is there costs no snapshot.</summary>
internal sealed class WorkdirStepRunner(SnapshotCatalog snapshots)
{
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

        return new StepOutcome.Built(await draft.CommitAsync(input.Key, input.Replace, cancellationToken));
    }

    /// <summary>Returns false when it was there. The tree is let go again: it could not be unmounted otherwise.</summary>
    private static bool MakeDirectory(BuildStep.Workdir step, string tree)
    {
        using var root = RootedDirectory.Open(tree);
        if (root.TryStat(step.Path, followLink: true) is { Kind: FileKind.Directory })
        {
            return false;
        }

        root.CreateDirectories(step.Path, PermissionBits.Directory, OwnerOf(step.User, root));
        return true;
    }

    /// <summary>The user whose commands come next. One whom the image does not know yet may be made later, so it is no mistake here.</summary>
    private static FileOwner OwnerOf(string user, RootedDirectory root)
    {
        try
        {
            return user.Length == 0 ? FileOwner.Root : OwnerNames.Resolve(root, user);
        }
        catch (KleeneException)
        {
            return FileOwner.Root;
        }
    }
}
