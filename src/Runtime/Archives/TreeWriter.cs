using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;
using FileNative = Kleene.Build.Runtime.Files.NativeMethods;

namespace Kleene.Build.Runtime.Archives;

/// <summary>
/// Makes the entries of an archive in a directory. Whatever links the archive has made on the way, every path is resolved inside the
/// root, and the last name of a path is never followed. Of two entries of the same name the later counts.
/// </summary>
internal sealed class TreeWriter(RootedDirectory root, ExtractionManner manner) : IDisposable
{
    private const int CopyBufferSize = 128 * 1024;
    private const uint PrivateFile = 0x180;
    private const uint PrivateDirectory = 0x1C0;
    private const uint ImpliedDirectory = 0x1ED;

    private readonly byte[] copyBuffer = new byte[CopyBufferSize];

    // A directory gets its time last, because each file made in it changes that. Keys are paths, a byte a character.
    private readonly Dictionary<string, (EntryPath Path, TarEntry Entry)> directories = new(StringComparer.Ordinal);

    // Archives go directory by directory: the one before is nearly always the one that is needed.
    private SafeFileHandle? parent;
    private byte[] parentPath = [];

    public long XattrsLost { get; private set; }

    /// <exception cref="ArchiveException">No file system can have such an entry there.</exception>
    /// <exception cref="FileOperationException">The operating system refused it.</exception>
    public void Write(TarEntry entry, TarReader reader)
    {
        try
        {
            Make(entry, reader);
        }
        catch (Exception e) when (IsOfTheArchive(e))
        {
            throw new ArchiveException(e.Message, entry.Offset, entry.DisplayName, e);
        }
    }

    /// <summary>Gives the directories their owners, modes and times. Nothing can be written after it.</summary>
    /// <exception cref="ArchiveException">As for <see cref="Write"/>.</exception>
    public void Finish()
    {
        // Children first: a directory may lose the permission to enter it.
        foreach (var (path, entry) in directories.OrderByDescending(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value))
        {
            try
            {
                FinishDirectory(path, entry);
            }
            catch (Exception e) when (IsOfTheArchive(e))
            {
                throw new ArchiveException(e.Message, entry.Offset, entry.DisplayName, e);
            }
        }

        directories.Clear();
    }

    public void Dispose() => ForgetParent();

    private void Make(TarEntry entry, TarReader reader)
    {
        var path = EntryPath.Parse(entry.Name.Span);
        if (entry.Type == TarEntryType.Directory)
        {
            MakeDirectory(path);
            if (path.IsRoot && manner.Merges)
            {
                return;
            }

            directories[Encoding.Latin1.GetString(path.Bytes)] = (path, entry);
            return;
        }

        if (path.IsRoot)
        {
            throw new FormatException("it would replace the root directory");
        }

        switch (entry.Type)
        {
            case TarEntryType.File:
                WriteFile(path, entry, reader);
                break;
            case TarEntryType.HardLink:
                MakeHardLink(path, EntryPath.Parse(entry.LinkName.Span));
                break;
            default:
                MakeNode(path, entry);
                break;
        }
    }

    private void WriteFile(EntryPath path, TarEntry entry, TarReader reader)
    {
        var directory = ParentOf(path);
        var flags = Abi.O_WRONLY | Abi.O_CREAT | Abi.O_EXCL;
        using var file = FileCalls.Open(directory, path.Leaf, flags, PrivateFile)
            ?? (Errno.Last == Errno.EEXIST && MakeRoom(path) ? FileCalls.Open(ParentOf(path), path.Leaf, flags, PrivateFile) : null)
            ?? throw Failed("create", path);

        while (reader.Read(copyBuffer) is > 0 and var count)
        {
            if (!FileCalls.WriteAll(file, copyBuffer.AsSpan(0, count)))
            {
                throw Failed("write", path);
            }
        }

        Finish(file, path, entry);
    }

    private void MakeDirectory(EntryPath path)
    {
        if (path.IsRoot || FileCalls.MakeDirectory(ParentOf(path), path.Leaf, PrivateDirectory))
        {
            return;
        }

        if (Errno.Last != Errno.EEXIST)
        {
            throw Failed("create directory", path);
        }

        var isThere = (FileCalls.TryStat(ParentOf(path), path.Leaf, out var status) && status.IsDirectory)
            || (manner.KeepsKinds && root.TryStat(UnixPath.FromBytes(path.Bytes), followLink: true) is { IsDirectory: true });
        if (manner.KeepsKinds && !isThere)
        {
            throw new FormatException("it is a directory, and a file of that name is there");
        }

        if (!isThere && !(MakeRoom(path) && FileCalls.MakeDirectory(ParentOf(path), path.Leaf, PrivateDirectory)))
        {
            throw Failed("create directory", path);
        }
    }

    private void MakeHardLink(EntryPath path, EntryPath target)
    {
        using var targetParent = root.OpenDirectory(UnixPath.FromBytes(target.Parent));
        if (FileCalls.MakeHardLink(targetParent, target.Leaf, ParentOf(path), path.Leaf))
        {
            return;
        }

        if (Errno.Last != Errno.EEXIST)
        {
            throw Failed("link", path);
        }

        // A link to itself stays; making room for it would remove the file.
        var isItself = FileCalls.TryStat(targetParent, target.Leaf, out var old) && FileCalls.TryStat(ParentOf(path), path.Leaf, out var there)
            && (old.Device, old.Inode) == (there.Device, there.Inode);
        if (!isItself && !(MakeRoom(path) && FileCalls.MakeHardLink(targetParent, target.Leaf, ParentOf(path), path.Leaf)))
        {
            throw Failed("link", path);
        }
    }

    private void MakeNode(EntryPath path, TarEntry entry)
    {
        if (!TryMakeNode(path, entry) && !(Errno.Last == Errno.EEXIST && MakeRoom(path) && TryMakeNode(path, entry)))
        {
            throw Failed("create", path);
        }

        var directory = ParentOf(path);
        if (!FileCalls.SetOwner(directory, path.Leaf, OwnerOf(entry)))
        {
            throw Failed("set the owner of", path);
        }

        XattrsLost += EntryXattrs.Apply(directory, path.Leaf, entry.Xattrs);
        if ((entry.Type != TarEntryType.SymbolicLink && !FileCalls.SetMode(directory, path.Leaf, (uint)entry.Mode))
            || !FileCalls.SetModified(directory, path.Leaf, TimeOf(entry)))
        {
            throw Failed("set the mode and time of", path);
        }
    }

    private bool TryMakeNode(EntryPath path, TarEntry entry) => entry.Type switch
    {
        TarEntryType.SymbolicLink => FileCalls.MakeSymbolicLink(ParentOf(path), path.Leaf, LinkTarget(entry)),
        TarEntryType.Fifo => FileCalls.MakeNode(ParentOf(path), path.Leaf, RootedDirectory.NodeType(FileKind.Fifo) | PrivateFile, 0),
        _ => FileCalls.MakeNode(
            ParentOf(path),
            path.Leaf,
            RootedDirectory.NodeType(entry.Type == TarEntryType.BlockDevice ? FileKind.BlockDevice : FileKind.CharacterDevice) | PrivateFile,
            FileCalls.MakeDevice((uint)entry.DeviceMajor, (uint)entry.DeviceMinor)),
    };

    private static ReadOnlySpan<byte> LinkTarget(TarEntry entry) =>
        entry.LinkName.Span.Contains((byte)0) ? throw new FormatException("its target has a NUL in it") : (byte[])[.. entry.LinkName.Span, 0];

    private void FinishDirectory(EntryPath path, TarEntry entry)
    {
        using var directory = TryOpenDirectory(path);
        if (directory is not null)
        {
            Finish(directory, path, entry);
        }
    }

    /// <summary>The owner before the mode, because chown(2) takes set-user-id away, and before the attributes, because it takes capabilities away.</summary>
    private void Finish(SafeFileHandle file, EntryPath path, TarEntry entry)
    {
        var owner = OwnerOf(entry);
        if (FileNative.fchown(file, owner.User, owner.Group) != 0)
        {
            throw Failed("set the owner of", path);
        }

        XattrsLost += EntryXattrs.Apply(file, entry.Xattrs);
        if (FileNative.fchmod(file, (uint)entry.Mode) != 0 || !FileCalls.SetModified(file, TimeOf(entry)))
        {
            throw Failed("set the mode and time of", path);
        }
    }

    /// <summary>Removes what is in the way of a new entry; false with the reason in errno.</summary>
    private bool MakeRoom(EntryPath path)
    {
        var directory = ParentOf(path);
        var isDirectory = FileCalls.TryStat(directory, path.Leaf, out var status) && status.IsDirectory;
        if (isDirectory && manner.KeepsKinds)
        {
            throw new FormatException("it is no directory, and a directory of that name is there");
        }

        if (isDirectory && manner.Merges)
        {
            root.RemoveTree(UnixPath.FromBytes(path.Bytes));
        }
        else if (!FileCalls.Unlink(directory, path.Leaf, isDirectory))
        {
            return false;
        }

        // What led somewhere may now lead elsewhere.
        ForgetParent();
        return true;
    }

    private SafeFileHandle ParentOf(EntryPath path)
    {
        if (path.Parent.IsEmpty)
        {
            return root.Handle;
        }

        if (parent is null || !path.Parent.SequenceEqual(parentPath))
        {
            ForgetParent();
            parent = OpenOrCreate(UnixPath.FromBytes(path.Parent));
            parentPath = path.Parent.ToArray();
        }

        return parent;
    }

    private SafeFileHandle OpenOrCreate(UnixPath path)
    {
        try
        {
            return root.OpenDirectory(path);
        }
        catch (FileOperationException e) when (e.ErrorNumber == Errno.ENOENT)
        {
            // Archives need not name the directories that their files are in.
            _ = root.CreateDirectories(path, ImpliedDirectory, FileOwner.Root);
            return root.OpenDirectory(path);
        }
    }

    /// <summary>Null when a later entry has put something else in its place.</summary>
    private SafeFileHandle? TryOpenDirectory(EntryPath path)
    {
        try
        {
            using var above = root.OpenDirectory(UnixPath.FromBytes(path.Parent));
            return path.IsRoot ? root.OpenDirectory(UnixPath.Empty)
                : FileCalls.Open(above, path.Leaf, Abi.O_RDONLY | Abi.O_DIRECTORY) is { } directory ? directory
                : throw Failed("open", path);
        }
        catch (FileOperationException e) when (e.ErrorNumber is Errno.ENOENT or Errno.ENOTDIR || e.ErrorNumber == Abi.LinkRefused)
        {
            return null;
        }
    }

    private void ForgetParent()
    {
        parent?.Dispose();
        parent = null;
    }

    // 4294967295 tells chown(2) to leave the owner as it is.
    private FileOwner OwnerOf(TarEntry entry) =>
        manner.Owner is { } owner ? owner
            : entry is { UserId: >= 0 and < uint.MaxValue, GroupId: >= 0 and < uint.MaxValue }
            ? new FileOwner((uint)entry.UserId, (uint)entry.GroupId)
            : throw new FormatException($"its owner {entry.UserId}:{entry.GroupId} cannot be");

    private static FileTime TimeOf(TarEntry entry) => new(entry.ModifiedAt.Seconds, (uint)entry.ModifiedAt.Nanoseconds);

    /// <summary>Whether another machine would refuse it too: names that are too long, go through files, or stand for a directory with files in it.</summary>
    private static bool IsOfTheArchive(Exception exception) =>
        exception is FormatException
        || (exception is FileOperationException { ErrorNumber: var error }
            && (error is Errno.ENOENT or Errno.ENOTDIR or Errno.EISDIR or Errno.EEXIST or Errno.EINVAL
                || error == Errno.ENAMETOOLONG || error == Errno.ELOOP || error == Errno.ENOTEMPTY));

    private static FileOperationException Failed(string operation, EntryPath path) => FileOperationException.Last(operation, UnixPath.FromBytes(path.Bytes));
}
