using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Copying;

/// <summary>Carries a copy plan out in the tree of a workspace. Whatever the image holds, nothing outside that tree is touched.</summary>
public static class CopyExecutor
{
    /// <param name="root">The absolute path of the workspace's tree on the host.</param>
    /// <param name="manner">What is asked of what is copied.</param>
    /// <exception cref="KleeneException">The image does not know the owner, something in it is in the way, or a file cannot be read or written.</exception>
    /// <exception cref="FileChangedException">The sources are no longer what the plan's digest says.</exception>
    public static void Execute(CopyPlan plan, string root, CopyManner manner, CancellationToken cancellationToken)
    {
        if (plan.Sources.IsEmpty)
        {
            return;
        }

        using var target = RootedDirectory.Open(root);
        var owner = manner.Owner.Length == 0 ? FileOwner.Root : OwnerNames.Resolve(target, manner.Owner);
        var copier = new TreeCopier(plan.Origin.Root, target, owner, cancellationToken, manner.Permissions, manner.ReplacesLinks);
        UnixPath destination = plan.Destination;
        if (manner.ReplacesLinks)
        {
            RemoveLinks(target, destination);
        }

        var intoDirectory = CopyPlanner.NamesDirectory(plan.Destination) || target.TryStat(destination, followLink: true) is { IsDirectory: true };
        if (!intoDirectory && plan.Sources.Count(source => !source.IsDirectory) > 1)
        {
            throw new KleeneException($"'{plan.Destination}' cannot take {plan.Sources.Length} files; end it in '/' to make it a directory");
        }

        foreach (var source in plan.Sources)
        {
            if (source.IsDirectory)
            {
                MakeDirectory(destination);
                copier.CopyContents(source.RealPath, destination, plan.FilterOf(source));
            }
            else if (intoDirectory)
            {
                MakeDirectory(destination);
                copier.CopyFile(source.RealPath, destination, source.Name);
            }
            else
            {
                // A link of that name is followed, inside the root, and what it leads to is made or replaced.
                var place = target.FollowLinks(destination);
                MakeDirectory(place.Parent);
                copier.CopyFile(source.RealPath, place.Parent, place.Name);
            }
        }

        if (plan.Fingerprint is { } expected && expected != copier.Fingerprint.Value)
        {
            throw new FileChangedException($"files in {plan.Origin.Description} changed while they were being copied; build again when nothing writes to them");
        }

        void MakeDirectory(UnixPath directory)
        {
            try
            {
                target.CreateDirectories(directory, manner.Mode?.Octal ?? PermissionBits.Directory, owner);
            }
            catch (FileOperationException exception) when (exception.IsNotFound)
            {
                throw new KleeneException($"cannot copy to '{plan.Destination}': there is a file where a directory has to be", exception);
            }
        }
    }

    /// <summary>Takes the first link on the way to a path away; what was behind it is not on the way then.</summary>
    private static void RemoveLinks(RootedDirectory target, UnixPath path)
    {
        var reached = UnixPath.Empty;
        foreach (var range in path.Bytes.Split((byte)'/'))
        {
            reached /= UnixPath.FromBytes(path.Bytes[range]);
            if (target.TryStat(reached, followLink: false) is { Kind: FileKind.SymbolicLink })
            {
                target.Remove(reached);
                return;
            }
        }
    }
}
