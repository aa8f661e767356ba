using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// Goes through a tree on two threads, directory by directory, and through a large directory piece by piece. What is done
/// with a file is the subclass's business. Follows no link; sockets are left out, as they mean nothing without their process.
/// </summary>
/// <typeparam name="TDirectory">What the subclass remembers of a directory.</typeparam>
internal abstract class TreeWalk<TDirectory>(RootedDirectory root, CancellationToken cancellationToken)
    where TDirectory : WalkedDirectory
{
    /// <summary>Large enough that handing it to another thread costs nothing.</summary>
    private const int PieceSize = 128;

    private readonly Lock gate = new();
    private readonly HashSet<TDirectory> open = [];
    private WorkCrew<ContentHasher> crew = new(() => new ContentHasher(), cancellationToken);

    protected RootedDirectory Root { get; } = root;

    /// <summary>Walks all that was started. Nothing stays open, however it ends: an open directory keeps its file system from being unmounted.</summary>
    public void Run()
    {
        try
        {
            crew.Run();
        }
        finally
        {
            foreach (var directory in open)
            {
                directory.Close();
            }

            open.Clear();
            crew = new(() => new ContentHasher(), cancellationToken);
        }
    }

    protected void Start(Action<ContentHasher> work) => crew.Add(work);

    /// <summary>Adds a directory to what is to be walked. Its path has no links.</summary>
    protected void Start(TDirectory directory) => crew.Add(tools => Open(directory, tools));

    /// <summary>Called first, once a directory is listed.</summary>
    protected abstract void Enter(TDirectory directory);

    /// <summary>What is to be remembered of a directory that was found; null does not go into it.</summary>
    protected abstract TDirectory? Found(TDirectory parent, ReadOnlySpan<byte> name, in FileStatus status, ITreeFilter? filter, bool included);

    /// <summary>A file, link or device that belongs to the tree. Called by several threads for one directory.</summary>
    protected abstract void Visit(TDirectory directory, int index, in FileStatus status, ContentHasher tools);

    /// <summary>
    /// Called last, when everything in the directory was visited, down to the bottom: to write into a directory below may touch this one, as overlayfs does
    /// when it copies that one up.
    /// </summary>
    protected abstract void Leave(TDirectory directory, ContentHasher tools);

    private void Open(TDirectory directory, ContentHasher tools)
    {
        directory.Handle = Root.TryOpenDirectory(directory.Path, LinkRule.Refuse) ?? throw Unopened(directory);
        lock (gate)
        {
            open.Add(directory);
        }

        directory.Listing = DirectoryListing.Read(directory.Handle) ?? throw FileOperationException.Last("list", directory.Path);
        directory.Pieces = Math.Max(1, (directory.Listing.Count + PieceSize - 1) / PieceSize);
        Enter(directory);
        for (var start = PieceSize; start < directory.Listing.Count; start += PieceSize)
        {
            var first = start;
            crew.Add(own => VisitPiece(directory, first, own));
        }

        VisitPiece(directory, 0, tools);
    }

    /// <summary>What was a directory when its name was found is gone, or has become something else.</summary>
    private static KleeneException Unopened(TDirectory directory) =>
        Errno.Last == Errno.ENOENT || Errno.Last == Errno.ENOTDIR || Errno.Last == Errno.ELOOP
            ? new FileChangedException(directory.Path)
            : FileOperationException.Last("open directory", directory.Path);

    private void VisitPiece(TDirectory directory, int first, ContentHasher tools)
    {
        var end = Math.Min(first + PieceSize, directory.Listing.Count);
        for (var i = first; i < end; i++)
        {
            VisitName(directory, i, tools);
        }

        for (var done = directory; done is not null && Interlocked.Decrement(ref done.Pieces) == 0; done = (TDirectory?)done.Above)
        {
            Leave(done, tools);
            lock (gate)
            {
                open.Remove(done);
            }

            done.Close();
            done.Forget();
        }
    }

    private void VisitName(TDirectory directory, int index, ContentHasher tools)
    {
        var terminated = directory.Listing[index];
        var name = terminated[..^1];
        var verdict = TreeVerdict.Include;
        if (directory.Filter is { } filter)
        {
            // Asked before stat: what is ignored is not touched, and may well be unreadable.
            verdict = filter.Judge(name, directory.Listing.IsDirectory(index));
            if (verdict == TreeVerdict.Exclude)
            {
                return;
            }
        }

        if (!FileCalls.TryStat(directory.Handle, terminated, out var status))
        {
            throw Errno.Last == Errno.ENOENT ? new FileChangedException(directory.Path.Append(name)) : FileOperationException.Last("read", directory.Path.Append(name));
        }

        if (status.IsDirectory)
        {
            if (Found(directory, name, status, directory.Filter?.Enter(name), verdict == TreeVerdict.Include) is { } found)
            {
                found.Above = directory;
                Interlocked.Increment(ref directory.Pieces);
                Start(found);
            }
        }
        else if (verdict == TreeVerdict.Include && status.Kind is not (FileKind.Socket or FileKind.Unknown))
        {
            Visit(directory, index, status, tools);
        }
    }
}

/// <summary>A directory that a walk is in.</summary>
internal abstract class WalkedDirectory
{
    /// <summary>The pieces of it, and the directories in it, that are not done.</summary>
    public int Pieces;

    /// <summary>The directory that it was found in; null for one that was asked for.</summary>
    public WalkedDirectory? Above { get; set; }

    private static readonly SafeFileHandle Closed = new(-1, ownsHandle: false);

    /// <summary>Relative to the root that is walked, without links.</summary>
    public required UnixPath Path { get; init; }

    /// <summary>Null lets everything pass.</summary>
    public ITreeFilter? Filter { get; init; }

    /// <summary>Open from Enter to Leave.</summary>
    public SafeFileHandle Handle { get; set; } = Closed;

    /// <summary>There from Enter to Leave.</summary>
    public DirectoryListing Listing { get; set; } = DirectoryListing.Empty;

    /// <summary>Closes what is open of it.</summary>
    public virtual void Close() => Handle.Dispose();

    /// <summary>Lets go of what takes memory.</summary>
    public virtual void Forget()
    {
        Handle = Closed;
        Listing = DirectoryListing.Empty;
    }
}
