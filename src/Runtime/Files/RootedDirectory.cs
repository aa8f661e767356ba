using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// The only way to touch a path inside a tree that is not trusted. Every path is taken as if the tree's root were <c>/</c>: neither
/// <c>..</c> nor an absolute symbolic link leads out of it, whoever changes the tree meanwhile.
/// </summary>
public sealed class RootedDirectory : IDisposable
{
    /// <summary>The longest file that is read in one piece.</summary>
    private const int LargestWholeFile = 16 * 1024 * 1024;

    private readonly PathLookup lookup;

    private readonly IDirectoryResolver resolver;

    private RootedDirectory(SafeFileHandle handle, string path, IDirectoryResolver resolver)
    {
        Handle = handle;
        HostPath = path;
        this.resolver = resolver;
        lookup = new PathLookup(handle, resolver);
    }

    /// <summary>Where the root is on the host; for messages.</summary>
    public string HostPath { get; }

    internal SafeFileHandle Handle { get; }

    /// <param name="path">Trusted: links in it are followed as usual.</param>
    /// <exception cref="FileOperationException">There is no such directory, or it cannot be read.</exception>
    public static RootedDirectory Open(string path) =>
        Open(path, DefaultResolver());

    /// <summary>A directory in this one as a root of its own: links in it lead no further than there.</summary>
    /// <exception cref="FileOperationException">There is no such directory.</exception>
    public RootedDirectory Enter(UnixPath path) => new(OpenDirectory(path), Path.Join(HostPath, path.ToDisplay()), resolver);

    /// <summary>A file to read; links are followed inside the root.</summary>
    /// <exception cref="FileOperationException">It is not there, or it is no regular file.</exception>
    public SafeFileHandle OpenRead(UnixPath path)
    {
        using var place = Locate(path, followLast: true, "open");

        // A fifo would stop us, and opening a device can do something: it must be known what it is before it is opened.
        using var found = FileCalls.Open(place.Directory, place.Name, Abi.O_PATH) ?? throw FileOperationException.Last("open", path);
        return FileCalls.OpenFound(MustBeRegular(found, path)) ?? throw FileOperationException.Last("open", path);
    }

    /// <summary>A file to write from its start, made when it is not there; links are followed inside the root.</summary>
    public SafeFileHandle OpenWrite(UnixPath path, uint permissions, FileOwner owner)
    {
        using var place = Locate(path, followLast: true, "write");
        var file = FileCalls.Open(place.Directory, place.Name, Abi.O_WRONLY | Abi.O_CREAT | Abi.O_EXCL, PermissionBits.PrivateFile);
        if (file is null)
        {
            file = FileCalls.Open(place.Directory, place.Name, Abi.O_WRONLY | Abi.O_TRUNC | Abi.O_NONBLOCK) ?? throw FileOperationException.Last("write", path);
            return MustBeRegular(file, path);
        }

        return Own(file, permissions, owner, path);
    }

    /// <summary>A new file to write. There must be nothing of that name, not even a link.</summary>
    public SafeFileHandle CreateFile(UnixPath path, uint permissions, FileOwner owner)
    {
        using var place = Locate(path, followLast: false, "create");
        var file = FileCalls.Open(place.Directory, place.Name, Abi.O_WRONLY | Abi.O_CREAT | Abi.O_EXCL, PermissionBits.PrivateFile)
            ?? throw FileOperationException.Last("create", path);
        return Own(file, permissions, owner, path);
    }

    /// <summary>A small file's whole content; links are followed inside the root.</summary>
    public byte[] ReadAllBytes(UnixPath path)
    {
        using var file = OpenRead(path);
        using var stream = new FileStream(file, FileAccess.Read, bufferSize: 0);
        if (stream.Length > LargestWholeFile)
        {
            throw new KleeneException($"cannot read '{path.ToDisplay()}': it is larger than {LargestWholeFile / 1024 / 1024} MiB");
        }

        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    /// <summary>The beginning of a regular file; null when there is none of that name.</summary>
    public byte[]? TryReadStart(UnixPath path, int limit)
    {
        if (TryStat(path, followLink: true) is not { Kind: FileKind.Regular } status)
        {
            return null;
        }

        using var file = OpenRead(path);
        using var stream = new FileStream(file, FileAccess.Read, bufferSize: 0);
        var start = new byte[Math.Min(limit, status.Size)];
        var length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return start[..length];
    }

    /// <summary>Null when there is nothing of that name, or a link leads nowhere.</summary>
    /// <param name="followLink">Whether a link in the last component is followed, inside the root.</param>
    public FileStatus? TryStat(UnixPath path, bool followLink)
    {
        if (lookup.TryLocate(path, followLink) is not { } place)
        {
            return Errno.Last is Errno.ENOENT or Errno.ENOTDIR || Errno.Last == Errno.ELOOP ? null : throw FileOperationException.Last("find", path);
        }

        using (place)
        {
            return FileCalls.TryStat(place.Directory, place.Name, out var status) ? status
                : Errno.Last is Errno.ENOENT or Errno.ENOTDIR ? null
                : throw FileOperationException.Last("find", path);
        }
    }

    /// <exception cref="FileOperationException">There is nothing of that name.</exception>
    public FileStatus Stat(UnixPath path, bool followLink) =>
        TryStat(path, followLink) ?? throw new FileOperationException("find", path, Errno.ENOENT);

    /// <summary>The path without links and dots, relative to the root; what it names exists.</summary>
    public UnixPath RealPath(UnixPath path) => lookup.RealPath(path);

    /// <summary>The path, or where it leads if it is a link: then a path that is none itself and need not exist.</summary>
    public UnixPath FollowLinks(UnixPath path) => lookup.FollowLinks(path);

    /// <summary>The target of a symbolic link, as it is written there.</summary>
    public UnixPath ReadLink(UnixPath path)
    {
        using var place = Locate(path, followLast: false, "read the link");
        return UnixPath.FromBytes(FileCalls.ReadLink(place.Directory, place.Name) ?? throw FileOperationException.Last("read the link", path));
    }

    /// <summary>The names in a directory, in the order of their bytes.</summary>
    public ImmutableArray<UnixPath> List(UnixPath path)
    {
        using var directory = OpenDirectory(path);
        var listing = DirectoryListing.Read(directory) ?? throw FileOperationException.Last("list", path);
        var names = ImmutableArray.CreateBuilder<UnixPath>(listing.Count);
        for (var i = 0; i < listing.Count; i++)
        {
            names.Add(UnixPath.FromBytes(listing[i][..^1]));
        }

        return names.MoveToImmutable();
    }

    /// <summary>Makes a directory. There must be nothing of that name, not even a link.</summary>
    public void CreateDirectory(UnixPath path, uint permissions, FileOwner owner)
    {
        using var place = Locate(path, followLast: false, "create directory");
        MakeDirectory(place.Directory, place.Name, permissions, owner, path).Dispose();
    }

    /// <summary>Makes a directory and those above it that are missing.</summary>
    /// <returns>What was made, outermost first, as real paths.</returns>
    public ImmutableArray<UnixPath> CreateDirectories(UnixPath path, uint permissions, FileOwner owner)
    {
        var created = ImmutableArray.CreateBuilder<UnixPath>();
        EnsureDirectory(path, permissions, owner, created, links: 0).Dispose();
        return created.ToImmutable();
    }

    public void CreateSymbolicLink(UnixPath path, UnixPath target, FileOwner owner)
    {
        using var place = Locate(path, followLast: false, "link");
        Check(
            FileCalls.MakeSymbolicLink(place.Directory, place.Name, target.Terminated) && FileCalls.SetOwner(place.Directory, place.Name, owner),
            "link",
            path);
    }

    /// <param name="device">What a device node stands for, as mknod(2) takes it.</param>
    public void CreateNode(UnixPath path, FileKind kind, uint permissions, ulong device, FileOwner owner)
    {
        using var place = Locate(path, followLast: false, "create");
        Check(
            FileCalls.MakeNode(place.Directory, place.Name, NodeType(kind) | PermissionBits.PrivateFile, device)
                && FileCalls.SetOwner(place.Directory, place.Name, owner)
                && FileCalls.SetMode(place.Directory, place.Name, permissions),
            "create",
            path);
    }

    /// <summary>Another name for a file that is there.</summary>
    public void CreateHardLink(UnixPath path, UnixPath existing)
    {
        using var old = Locate(existing, followLast: false, "link");
        using var place = Locate(path, followLast: false, "link");
        Check(FileCalls.MakeHardLink(old.Directory, old.Name, place.Directory, place.Name), "link", path);
    }

    /// <summary>Moves a file or directory, over what is there.</summary>
    public void Rename(UnixPath path, UnixPath target)
    {
        using var old = Locate(path, followLast: false, "rename");
        using var place = Locate(target, followLast: false, "rename");
        Check(FileCalls.Rename(old.Directory, old.Name, place.Directory, place.Name), "rename", path);
    }

    /// <summary>Changes the permissions of what is no link.</summary>
    public void SetMode(UnixPath path, uint permissions)
    {
        using var place = Locate(path, followLast: false, "change the mode of");
        Check(FileCalls.SetMode(place.Directory, place.Name, permissions), "change the mode of", path);
    }

    /// <summary>Changes who owns a file or link.</summary>
    public void SetOwner(UnixPath path, FileOwner owner)
    {
        using var place = Locate(path, followLast: false, "change the owner of");
        Check(FileCalls.SetOwner(place.Directory, place.Name, owner), "change the owner of", path);
    }

    /// <summary>Gives the root directory itself an owner and permissions.</summary>
    public void SetRoot(uint permissions, FileOwner owner) =>
        Check(NativeMethods.fchown(Handle, owner.User, owner.Group) == 0 && NativeMethods.fchmod(Handle, permissions & PermissionBits.All) == 0, "set the owner of", UnixPath.Empty);

    /// <summary>Changes the twelve permission bits of a file or directory; a link is followed inside the root.</summary>
    public void SetPermissions(UnixPath path, uint permissions)
    {
        using var place = Locate(path, followLast: true, "set the mode of");
        Check(FileCalls.SetMode(place.Directory, place.Name, permissions), "set the mode of", path);
    }

    /// <summary>Sets when a file, directory or link was last modified.</summary>
    public void SetModified(UnixPath path, FileTime modified)
    {
        using var place = Locate(path, followLast: false, "set the time of");
        Check(FileCalls.SetModified(place.Directory, place.Name, modified), "set the time of", path);
    }

    /// <summary>Says that a file, directory or link was modified now.</summary>
    public void Touch(UnixPath path)
    {
        using var place = Locate(path, followLast: false, "set the time of");
        Check(FileCalls.Touch(place.Directory, place.Name), "set the time of", path);
    }

    /// <summary>Removes a file, a link or an empty directory. Gone already: succeeds.</summary>
    public void Remove(UnixPath path)
    {
        if (TryStat(path, followLink: false) is not { } status)
        {
            return;
        }

        using var place = Locate(path, followLast: false, "remove");
        Check(FileCalls.Unlink(place.Directory, place.Name, status.IsDirectory) || Errno.Last == Errno.ENOENT, "remove", path);
    }

    /// <summary>Removes a file or a directory with all that is in it. Gone already: succeeds.</summary>
    /// <exception cref="FileChangedException">Somebody moves the tree meanwhile.</exception>
    public void RemoveTree(UnixPath path, CancellationToken cancellationToken = default)
    {
        if (lookup.TryLocate(path, followLast: false) is not { } place)
        {
            if (Errno.Last is Errno.ENOENT or Errno.ENOTDIR)
            {
                return;
            }

            throw FileOperationException.Last("remove", path);
        }

        using (place)
        {
            new TreeRemover(path, cancellationToken).Remove(place.Directory, place.Name);
        }
    }

    public void Dispose() => Handle.Dispose();

    internal static RootedDirectory Open(string path, IDirectoryResolver resolver) =>
        TryOpen(path, resolver) ?? throw FileOperationException.Last("open directory", path);

    /// <summary>Null when there is no directory of that name.</summary>
    internal static RootedDirectory? TryOpen(string path) =>
        TryOpen(path, DefaultResolver()) ?? (Errno.Last is Errno.ENOENT or Errno.ENOTDIR ? null : throw FileOperationException.Last("open directory", path));

    /// <summary>A directory to list and to work in; links are followed inside the root.</summary>
    internal SafeFileHandle OpenDirectory(UnixPath path, LinkRule links = LinkRule.InsideRoot) =>
        lookup.Open(path, links) ?? throw FileOperationException.Last("open directory", path);

    /// <summary>Null with the reason in errno.</summary>
    internal SafeFileHandle? TryOpenDirectory(UnixPath path, LinkRule links) => lookup.Open(path, links);

    /// <summary>sys/stat.h, the types that mknod(2) makes.</summary>
    internal static uint NodeType(FileKind kind) => kind switch
    {
        FileKind.Fifo => 0x1000,
        FileKind.CharacterDevice => 0x2000,
        FileKind.BlockDevice => 0x6000,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "not a device or fifo"),
    };

    private static IDirectoryResolver DefaultResolver() => KernelResolver.IsSupported ? new KernelResolver() : new StepwiseResolver();

    /// <summary>Null with the reason in errno.</summary>
    private static unsafe RootedDirectory? TryOpen(string path, IDirectoryResolver resolver)
    {
        fixed (byte* pointer = ((UnixPath)path).Terminated)
        {
            var handle = NativeMethods.open(pointer, Abi.O_RDONLY | Abi.O_DIRECTORY | Abi.O_CLOEXEC, 0);
            return handle.IsInvalid ? null : new RootedDirectory(handle, path, resolver);
        }
    }

    private static void Check(bool done, string operation, UnixPath path)
    {
        if (!done)
        {
            throw FileOperationException.Last(operation, path);
        }
    }

    /// <summary>The mode comes last: changing the owner takes set-user-id away, and the umask does not apply to chmod.</summary>
    private static SafeFileHandle Own(SafeFileHandle file, uint permissions, FileOwner owner, UnixPath path)
    {
        if (NativeMethods.fchown(file, owner.User, owner.Group) == 0 && NativeMethods.fchmod(file, permissions & PermissionBits.All) == 0)
        {
            return file;
        }

        var exception = FileOperationException.Last("set the owner of", path);
        file.Dispose();
        throw exception;
    }

    private static SafeFileHandle MustBeRegular(SafeFileHandle file, UnixPath path)
    {
        if (FileCalls.TryStat(file, out var status) && status.Kind == FileKind.Regular)
        {
            return file;
        }

        file.Dispose();
        throw new KleeneException($"cannot open '{path.ToDisplay()}': it is not a regular file");
    }

    private Place Locate(UnixPath path, bool followLast, string operation) =>
        lookup.TryLocate(path, followLast) ?? throw FileOperationException.Last(operation, path);

    private SafeFileHandle EnsureDirectory(UnixPath path, uint permissions, FileOwner owner, ImmutableArray<UnixPath>.Builder created, int links)
    {
        if (lookup.Open(path, LinkRule.InsideRoot) is { } existing)
        {
            return existing;
        }

        var (parent, name) = PathLookup.Split(path);
        if (Errno.Last != Errno.ENOENT || links > StepwiseResolver.MaximumLinks)
        {
            throw FileOperationException.Last("create directory", path);
        }

        if (name.IsEmpty)
        {
            EnsureDirectory(path.Parent, permissions, owner, created, links).Dispose();
            return OpenDirectory(path);
        }

        using var directory = EnsureDirectory(parent, permissions, owner, created, links);
        if (FileCalls.ReadLink(directory, name.Terminated) is { } target)
        {
            return EnsureDirectory(PathLookup.Follow(parent, target), permissions, owner, created, links + 1);
        }

        try
        {
            var made = MakeDirectory(directory, name.Terminated, permissions, owner, path);
            created.Add(lookup.RealPath(path));
            return made;
        }
        catch (FileOperationException exception) when (exception.ErrorNumber == Errno.EEXIST)
        {
            return OpenDirectory(path);
        }
    }

    private static SafeFileHandle MakeDirectory(SafeFileHandle parent, ReadOnlySpan<byte> name, uint permissions, FileOwner owner, UnixPath path)
    {
        Check(FileCalls.MakeDirectory(parent, name, PermissionBits.PrivateDirectory), "create directory", path);
        var made = FileCalls.Open(parent, name, Abi.O_RDONLY | Abi.O_DIRECTORY) ?? throw FileOperationException.Last("create directory", path);
        return Own(made, permissions, owner, path);
    }
}
