using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Users;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Storage;

/// <summary>
/// Tells two trees apart by what stat(2) says: kind, mode, owner, and of what is no directory size, time and device. Where these are the
/// same and yet somebody was at it (another inode, or another time of change, which nobody can set), link targets, attributes and contents
/// decide. So an untouched file is never opened, and a file that was written with its old time put back is still found.
/// Looks at trees that are in use too: what vanishes meanwhile is left out. No link is followed.
/// </summary>
internal sealed class TreeComparison : IDisposable
{
    private const int BufferSize = 64 * 1024;

    private readonly RootedDirectory before;
    private readonly RootedDirectory after;
    private readonly UserRange? shown;
    private readonly Func<UnixPath, bool>? mayDiffer;
    private readonly CancellationToken cancellationToken;
    private readonly List<TreeChange> changes = [];
    private readonly Lazy<(byte[] Left, byte[] Right)> buffers = new(() => (new byte[BufferSize], new byte[BufferSize]));

    private TreeComparison(string before, string after, UserRange? shown, Func<UnixPath, bool>? mayDiffer, CancellationToken cancellationToken)
    {
        this.before = RootedDirectory.Open(before);
        this.after = RootedDirectory.Open(after);
        this.shown = shown;
        this.mayDiffer = mayDiffer;
        this.cancellationToken = cancellationToken;
    }

    /// <param name="shown">Whose ids stand for the owners of the second tree.</param>
    /// <param name="mayDiffer">False for a directory in which, and below which, nothing was ever touched; null where a driver does not know.</param>
    /// <returns>In the order of the paths' components, a directory before what is in it.</returns>
    public static Task<IReadOnlyList<TreeChange>> RunAsync(string before, string after, UserRange? shown, Func<UnixPath, bool>? mayDiffer, CancellationToken cancellationToken) =>
        Task.Run<IReadOnlyList<TreeChange>>(
            () =>
            {
                using var comparison = new TreeComparison(before, after, shown, mayDiffer, cancellationToken);
                return comparison.Run();
            },
            cancellationToken);

    public void Dispose()
    {
        before.Dispose();
        after.Dispose();
    }

    /// <summary>With a stack of its own: how deep a tree is has been decided by whoever made it.</summary>
    private List<TreeChange> Run()
    {
        var open = new Stack<OpenDirectory>([Open("/", TreeChangeKind.Changed, isOwnChange: false)]);
        while (open.TryPeek(out var directory))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!directory.Findings.TryDequeue(out var finding))
            {
                Close(open.Pop());
                continue;
            }

            if (finding.Descends)
            {
                open.Push(Open(finding.Path, finding.Kind ?? TreeChangeKind.Changed, finding.Kind is not null));
            }
            else if (finding.Kind is { } kind)
            {
                changes.Add(new TreeChange(kind, finding.Path) { IsOwn = true });
            }
        }

        return changes;
    }

    /// <summary>Its own line comes first, and is taken back when there turns out to be nothing to tell. The root has none.</summary>
    private OpenDirectory Open(UnixPath path, TreeChangeKind kind, bool isOwnChange)
    {
        if (path.Bytes.Length > 1)
        {
            changes.Add(new TreeChange(kind, path) { IsOwn = isOwnChange });
        }

        return new OpenDirectory(changes.Count, isOwnChange, kind == TreeChangeKind.Added ? FindAdded(path) : Find(path));
    }

    private void Close(OpenDirectory directory)
    {
        if (directory.Start > 0 && changes.Count == directory.Start && !directory.IsOwnChange)
        {
            changes.RemoveAt(changes.Count - 1);
        }
    }

    private Queue<Finding> FindAdded(UnixPath path)
    {
        var findings = new Queue<Finding>();
        using var directory = TryList(after, path, out var names);
        for (var i = 0; directory is not null && i < names.Count; i++)
        {
            if (FileCalls.TryStat(directory, names[i], out var status))
            {
                findings.Enqueue(new Finding(TreeChangeKind.Added, path.Append(names[i][..^1]), status.IsDirectory));
            }
        }

        return findings;
    }

    private Queue<Finding> Find(UnixPath path)
    {
        var findings = new Queue<Finding>();
        using var left = TryList(before, path, out var leftNames);
        using var right = TryList(after, path, out var rightNames);
        for (int l = 0, r = 0; l < leftNames.Count || r < rightNames.Count;)
        {
            var order = l == leftNames.Count ? 1 : r == rightNames.Count ? -1 : leftNames[l].SequenceCompareTo(rightNames[r]);
            var name = order <= 0 ? leftNames[l] : rightNames[r];
            var old = default(FileStatus);
            var now = default(FileStatus);
            var wasThere = order <= 0 && left is not null && FileCalls.TryStat(left, name, out old);
            var isThere = order >= 0 && right is not null && FileCalls.TryStat(right, name, out now);
            if (wasThere || isThere)
            {
                findings.Enqueue(
                    !isThere ? new Finding(TreeChangeKind.Deleted, path.Append(name[..^1]), Descends: false)
                    : !wasThere ? new Finding(TreeChangeKind.Added, path.Append(name[..^1]), now.IsDirectory)
                    : Judge(path.Append(name[..^1]), left!, right!, name, old, now)); // Both are there, so both are open.
            }

            l += order <= 0 ? 1 : 0;
            r += order >= 0 ? 1 : 0;
        }

        return findings;
    }

    private Finding Judge(UnixPath path, SafeFileHandle left, SafeFileHandle right, ReadOnlySpan<byte> name, in FileStatus old, in FileStatus now)
    {
        TreeChangeKind? kind = IsOther(old, now) || (WasTouched(old, now) && IsOtherInside(left, right, name, now, path)) ? TreeChangeKind.Changed : null;
        return new Finding(kind, path, now.IsDirectory && (mayDiffer?.Invoke(path) ?? true));
    }

    /// <summary>The time of a directory tells only that something was made in it, which is told by itself.</summary>
    private bool IsOther(in FileStatus old, in FileStatus now) =>
        old.Kind != now.Kind || old.Owner != OwnerOf(now) || (old.Kind != FileKind.SymbolicLink && old.Permissions != now.Permissions)
        || (!old.IsDirectory && (old.Size != now.Size || old.Modified != now.Modified || old.RawDevice != now.RawDevice));

    private FileOwner OwnerOf(in FileStatus now) =>
        shown is null ? now.Owner : new FileOwner(shown.ToContainer(now.Owner.User), shown.ToContainer(now.Owner.Group));

    /// <summary>A clone of a file has its inode number and the time of its last change, whichever driver made it.</summary>
    private static bool WasTouched(in FileStatus old, in FileStatus now) => old.Inode != now.Inode || old.Changed != now.Changed;

    private bool IsOtherInside(SafeFileHandle left, SafeFileHandle right, ReadOnlySpan<byte> name, in FileStatus status, UnixPath path)
    {
        if (status.Kind == FileKind.SymbolicLink)
        {
            return !FileCalls.ReadLink(left, name).AsSpan().SequenceEqual(FileCalls.ReadLink(right, name));
        }

        if (status.Kind is not (FileKind.Regular or FileKind.Directory))
        {
            return false;
        }

        using var old = TryRead(left, name, path);
        using var now = TryRead(right, name, path);
        return old is null || now is null || HasOtherAttributes(old, now) || (status.Kind == FileKind.Regular && HasOtherContent(old, now, path));
    }

    /// <summary>Null when it is gone by now, or has become something that cannot be read.</summary>
    private static SafeFileHandle? TryRead(SafeFileHandle directory, ReadOnlySpan<byte> name, UnixPath path) =>
        FileCalls.Open(directory, name, Abi.O_RDONLY | Abi.O_NONBLOCK)
        ?? (Errno.Last is Errno.ENOENT or Errno.ENXIO || Errno.Last == Abi.LinkRefused ? null : throw FileOperationException.Last("read", path));

    private static bool HasOtherAttributes(SafeFileHandle old, SafeFileHandle now) =>
        (ExtendedAttributes.Any(old) || ExtendedAttributes.Any(now))
        && !ExtendedAttributes.Read(old).Select(Text).SequenceEqual(ExtendedAttributes.Read(now).Select(Text));

    private static (UnixPath Name, string Value) Text(KeyValuePair<UnixPath, byte[]> attribute) => (attribute.Key, Convert.ToHexString(attribute.Value));

    private bool HasOtherContent(SafeFileHandle old, SafeFileHandle now, UnixPath path)
    {
        var (left, right) = buffers.Value;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var length = FileCalls.Read(old, left);
            if (length < 0)
            {
                throw FileOperationException.Last("read", path);
            }

            // The same file system gives the same pieces; one that does not only makes us say that they differ when sizes do.
            for (var filled = 0; filled < Math.Max(length, 1);)
            {
                var count = FileCalls.Read(now, right.AsSpan(filled, Math.Max(length, 1) - filled));
                if (count < 0)
                {
                    throw FileOperationException.Last("read", path);
                }

                if (count == 0)
                {
                    return length > 0;
                }

                filled += count;
            }

            if (length == 0 || !left.AsSpan(0, length).SequenceEqual(right.AsSpan(0, length)))
            {
                return true;
            }
        }
    }

    /// <summary>Null, and no names, when the directory is gone by now.</summary>
    private static SafeFileHandle? TryList(RootedDirectory root, UnixPath path, out DirectoryListing names)
    {
        var directory = root.TryOpenDirectory(path, LinkRule.Refuse);
        var listing = directory is null ? null : DirectoryListing.Read(directory);
        names = listing ?? DirectoryListing.Empty;
        if (listing is null && FileOperationException.Last("list", path) is { IsNotFound: false } failure && failure.ErrorNumber != Errno.ELOOP)
        {
            directory?.Dispose();
            throw failure;
        }

        return directory;
    }

    /// <param name="Start">How many changes were told before the first one in it.</param>
    /// <param name="IsOwnChange">Whether it differs by itself.</param>
    private sealed record OpenDirectory(int Start, bool IsOwnChange, Queue<Finding> Findings);

    /// <param name="Kind">Null: it is the same itself.</param>
    private readonly record struct Finding(TreeChangeKind? Kind, UnixPath Path, bool Descends);
}
