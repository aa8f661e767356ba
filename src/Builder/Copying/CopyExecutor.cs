using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Builder.Copying;

/// <summary>Carries a copy plan out in the tree of a workspace. Whatever the image holds, nothing outside that tree is touched.</summary>
public static class CopyExecutor
{
    /// <param name="root">The absolute path of the workspace's tree on the host.</param>
    /// <param name="manner">What is asked of what is copied.</param>
    /// <returns>The directory into which everything went, each under its name; null when there is no such, or something went elsewhere by a link.</returns>
    /// <exception cref="KleeneException">The image does not know the owner, something in it is in the way, or a file cannot be read or written.</exception>
    /// <exception cref="FileChangedException">The sources are no longer what the plan's digest says.</exception>
    public static CopiedDirectory? Execute(CopyPlan plan, string root, CopyManner manner, CancellationToken cancellationToken)
    {
        if (plan.Sources.IsEmpty)
        {
            return null;
        }

        using var traced = Tracer.Begin("copy files");
        using var target = CopyTarget.Open(root, plan.Destination, manner);
        var owner = target.Owner ?? (plan.Origin.KeepsOwners ? null : FileOwner.Root);
        var copier = new TreeCopier(plan.Origin.Root, target.Tree, owner, cancellationToken, manner.Permissions, manner.LiesOver);
        var archives = manner.Unpacks ? new ArchiveUnpacker(target, cancellationToken) : null;
        var isDirectory = target.IsDirectory;

        // 'COPY *.jar app.jar' makes a file, the last match, with BuildKit and buildah; files in the wild rely on it.
        if (!plan.IsOneSource)
        {
            target.Expect(plan.Sources.Count(source => !source.IsDirectory));
        }

        var keepsDirectories = manner.KeepsDirectories && target.IsDirectory;
        UnixPath into = plan.Destination;
        foreach (var source in plan.Sources)
        {
            if (source.IsDirectory)
            {
                var directory = keepsDirectories ? target.MakeDirectory(source.Name) : target.MakeDirectory();
                into = plan.OnlyDirectory is null ? into : directory;
                copier.CopyContents(source.RealPath, directory, plan.FilterOf(source));
            }
            else if (archives is not null && archives.TryUnpack(plan.Origin.Root, source.RealPath, source.Path.ToDisplay()))
            {
                copier.NoteRead(source.RealPath);
            }
            else
            {
                var (directory, name) = target.PlaceFor(source.Name);
                copier.CopyFile(source.RealPath, directory, name);
            }
        }

        if (plan.Fingerprint is { } expected && expected != copier.Fingerprint.Value)
        {
            throw plan.Changed();
        }

        return !copier.FollowedLinks && (isDirectory || plan.OnlyDirectory is not null) ? Find(plan, target, into, manner) : null;
    }

    private static CopiedDirectory? Find(CopyPlan plan, CopyTarget target, UnixPath into, CopyManner manner)
    {
        var directory = target.Tree.RealPath(into);
        var isThere = plan.Placed(manner).All(source => !source.IsDirectory || target.Tree.RealPath(into / source.Place) == directory / source.Place);
        return isThere ? new CopiedDirectory(directory, target.Owner) : null;
    }
}

/// <param name="Path">In the target, without links.</param>
/// <param name="Owner">Who was named, as the target knew him before; null where nobody was.</param>
public sealed record CopiedDirectory(UnixPath Path, FileOwner? Owner);
