using Kleene.Build.Builder.Contexts;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Fetching;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Fetching;

/// <summary>Puts what an ADD fetches into the tree of a workspace.</summary>
internal sealed class RemoteCopier(Fetcher fetcher, SnapshotCatalog snapshots)
{
    /// <param name="root">The absolute path of the workspace's tree on the host.</param>
    public Task CopyAsync(RemotePart part, BuildStep.Copy step, string root, CancellationToken cancellationToken) => part switch
    {
        RemotePart.File file => CopyAsync(file, step, root, cancellationToken),
        RemotePart.Repository repository => CopyAsync(repository, step, root, cancellationToken),
        _ => throw new ArgumentOutOfRangeException(nameof(part), part, "not remote"),
    };

    private async Task CopyAsync(RemotePart.File file, BuildStep.Copy step, string root, CancellationToken cancellationToken)
    {
        var download = file.Fetched ?? await fetcher.Downloads.GetAsync(new Uri(file.Source.Address), file.Checksum, cancellationToken);
        await Task.Run(() => Copy(download, file.Source.Name, step, root, cancellationToken), cancellationToken);
    }

    private static void Copy(Download download, string fileName, BuildStep.Copy step, string root, CancellationToken cancellationToken)
    {
        // What is fetched is unpacked only where that is asked for.
        var manner = CopyManner.Of(step) with { Unpacks = step.Add is { Unpacks: true } };
        using var folder = RootedDirectory.Open(Path.GetDirectoryName(download.Path) ?? "/");
        UnixPath stored = Path.GetFileName(download.Path);
        using var target = CopyTarget.Open(root, step.Destination, manner);
        if (manner.Unpacks && new ArchiveUnpacker(target, cancellationToken).TryUnpack(folder, stored, fileName))
        {
            return;
        }

        var (directory, name) = target.PlaceFor(fileName);
        var copier = new TreeCopier(
            folder, target.Tree, target.Owner ?? FileOwner.Root, cancellationToken,
            (_, isDirectory) => manner.Permissions?.Invoke(PermissionBits.PrivateFile, isDirectory) ?? PermissionBits.PrivateFile, manner.LiesOver);
        copier.CopyFile(stored, directory, name);
        target.Tree.SetModified(directory / name, download.Modified);
    }

    private async Task CopyAsync(RemotePart.Repository repository, BuildStep.Copy step, string root, CancellationToken cancellationToken)
    {
        // A workspace that is never published: it is swept up if this process is killed.
        await using var workspace = await snapshots.DraftAsync(null, WorkspaceUse.BuildStep, cancellationToken);
        var tree = await fetcher.Git.CheckOutAsync(repository.Source, repository.Commit, workspace.Path, cancellationToken);
        await Task.Run(() => Copy(tree, repository, step, root, cancellationToken), cancellationToken);
    }

    private static void Copy(string tree, RemotePart.Repository repository, BuildStep.Copy step, string root, CancellationToken cancellationToken)
    {
        using var files = RootedDirectory.Open(tree);
        var origin = new SourceTree(files, IgnoreFile.Empty, $"the repository '{repository.Source.Shown}'");
        CopyExecutor.Execute(CopyPlanner.Plan(origin, ["."], step.Destination, step.Exclude), root, CopyManner.Of(step) with { Unpacks = false }, cancellationToken);
    }
}
