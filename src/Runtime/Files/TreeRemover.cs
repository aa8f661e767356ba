using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// Removes a tree, one system call a file. Goes down and up one directory at a time and keeps only the one open that it is in, so
/// that no tree is too deep. What vanishes meanwhile is no error.
/// </summary>
internal sealed class TreeRemover(UnixPath path, CancellationToken cancellationToken)
{
    /// <summary>The directories from the tree's top down to the one that is open.</summary>
    private readonly Stack<Level> levels = new();

    /// <param name="parent">The open directory that the path's last component is in.</param>
    public void Remove(SafeFileHandle parent, ReadOnlySpan<byte> name)
    {
        if (TryUnlink(parent, name, isDirectory: false) || Open(parent, name) is not { } top)
        {
            return;
        }

        Empty(top);
        Unlink(parent, name);
    }

    private void Empty(SafeFileHandle top)
    {
        var here = top;
        try
        {
            Enter(here, UnixPath.Empty);
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var level = levels.Peek();
                if (level.TryNext(out var name, out var isDirectory))
                {
                    if (!TryUnlink(here, name.Terminated, isDirectory) && Open(here, name.Terminated) is { } below)
                    {
                        here.Dispose();
                        here = below;
                        Enter(here, name);
                    }

                    continue;
                }

                levels.Pop();
                if (levels.Count == 0)
                {
                    return;
                }

                var above = Above(here);
                here.Dispose();
                here = above;
                Unlink(here, level.Name.Terminated);
            }
        }
        finally
        {
            here.Dispose();
        }
    }

    private void Enter(SafeFileHandle directory, UnixPath name)
    {
        if (!FileCalls.TryStat(directory, out var status) || DirectoryListing.Read(directory) is not { } listing)
        {
            throw Refused(name.Terminated);
        }

        levels.Push(new Level(name, listing, status));
    }

    /// <summary>The directory above must be the one we came from: whoever moves directories meanwhile could lead us anywhere.</summary>
    private SafeFileHandle Above(SafeFileHandle directory)
    {
        var above = FileCalls.Open(directory, "..\0"u8, Abi.O_RDONLY | Abi.O_DIRECTORY);
        if (above is not null && FileCalls.TryStat(above, out var status) && levels.Peek().Is(status))
        {
            return above;
        }

        above?.Dispose();
        throw new FileChangedException(path);
    }

    private void Unlink(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        if (!TryUnlink(directory, name, isDirectory: true))
        {
            throw Refused(name);
        }
    }

    /// <summary>False for a directory that is not empty.</summary>
    private bool TryUnlink(SafeFileHandle directory, ReadOnlySpan<byte> name, bool isDirectory)
    {
        if (FileCalls.Unlink(directory, name, isDirectory) || Errno.Last == Errno.ENOENT)
        {
            return true;
        }

        // What a listing does not tell on every file system, unlink(2) does: EISDIR on Linux, EPERM elsewhere.
        var error = Errno.Last;
        if (!isDirectory && (error == Errno.EISDIR || error == Errno.EPERM))
        {
            return FileCalls.TryStat(directory, name, out var status) && status.IsDirectory
                ? TryUnlink(directory, name, isDirectory: true)
                : throw new FileOperationException("remove", PathOf(name), error);
        }

        return error == Errno.ENOTEMPTY || error == Errno.EEXIST ? false : throw new FileOperationException("remove", PathOf(name), error);
    }

    private SafeFileHandle? Open(SafeFileHandle directory, ReadOnlySpan<byte> name) =>
        FileCalls.Open(directory, name, Abi.O_RDONLY | Abi.O_DIRECTORY) ?? (Errno.Last == Errno.ENOENT ? null : throw Refused(name));

    private FileOperationException Refused(ReadOnlySpan<byte> name) => FileOperationException.Last("remove", PathOf(name));

    private UnixPath PathOf(ReadOnlySpan<byte> name) =>
        levels.Count == 0 ? path : levels.Reverse().Aggregate(path, (above, level) => above / level.Name).Append(name[..^1]);

    /// <summary>A directory that is being emptied.</summary>
    private sealed class Level(UnixPath name, DirectoryListing listing, FileStatus status)
    {
        private int next;

        public UnixPath Name => name;

        public bool Is(in FileStatus other) => other.Inode == status.Inode && other.Device == status.Device;

        public bool TryNext(out UnixPath entry, out bool isDirectory)
        {
            var isThere = next < listing.Count;
            entry = isThere ? UnixPath.FromBytes(listing[next][..^1]) : default;
            isDirectory = isThere && listing.IsDirectory(next);
            next++;
            return isThere;
        }
    }
}
