using System.Text;
using Kleene.Build.Runtime.Files;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Testing.Storage;

/// <summary>Makes the files that the framework has no call for: names that are not text, device nodes, owners, extended attributes.</summary>
public static class RawFiles
{
    public static void MakeFile(string directory, ReadOnlySpan<byte> name, string content)
    {
        using var root = RootedDirectory.Open(directory);
        using var file = root.CreateFile(UnixPath.FromBytes(name), PermissionBits.File, FileOwner.Root);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(content), 0);
    }

    public static void MakeNode(string path, FileKind kind, uint mode, uint major = 0, uint minor = 0) =>
        In(path, (parent, name) => parent.CreateNode(name, kind, mode, FileCalls.MakeDevice(major, minor), FileOwner.Root));

    /// <param name="path">In the directory of the existing file, or in one above it.</param>
    public static void Link(string existing, string path) =>
        In(path, (parent, name) => parent.CreateHardLink(name, Path.GetRelativePath(parent.HostPath, existing)));

    public static void SetMode(string path, uint mode) => In(path, (parent, name) => Check(FileCalls.SetMode(parent.Handle, name.Terminated, mode), "chmod", name));

    public static void SetOwner(string path, uint owner, uint group) => In(path, (parent, name) => parent.SetOwner(name, new FileOwner(owner, group)));

    public static void SetModified(string path, long seconds, uint nanoseconds) =>
        In(path, (parent, name) => parent.SetModified(name, new FileTime(seconds, nanoseconds)));

    public static unsafe void SetAttribute(string path, string attribute, ReadOnlySpan<byte> value)
    {
        fixed (byte* place = ((UnixPath)path).Terminated, name = ((UnixPath)attribute).Terminated, content = value)
        {
            Check(NativeMethods.lsetxattr(place, name, content, (nuint)value.Length, 0) == 0, "setxattr", path);
        }
    }

    /// <summary>All that the kernel shows, in the order of their names; empty where the file system has none.</summary>
    internal static unsafe IEnumerable<(string Name, byte[] Value)> Attributes(SafeFileHandle directory, UnixPath name)
    {
        var list = new byte[64 * 1024];
        nint length;
        fixed (byte* path = PathOf(directory, name).Terminated, pointer = list)
        {
            length = NativeMethods.llistxattr(path, pointer, (nuint)list.Length);
        }

        var names = Encoding.UTF8.GetString(list.AsSpan(0, (int)Math.Max(length, 0))).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        return [.. names.Order(StringComparer.Ordinal).Select(attribute => (attribute, Attribute(PathOf(directory, name), attribute)))];
    }

    /// <summary>rename(2), or what mv(1) does when the file system cannot.</summary>
    public static void Move(string from, string to)
    {
        using var parent = RootedDirectory.Open(Path.GetDirectoryName(from)!);
        try
        {
            parent.Rename(Path.GetFileName(from), Path.GetRelativePath(parent.HostPath, to));
        }
        catch (FileOperationException exception) when (exception.ErrorNumber == Runtime.Native.Errno.EXDEV)
        {
            Directory.CreateDirectory(to);
            Copy(from, to, CancellationToken.None);
            Remove(from);
        }
    }

    /// <summary>Fills a directory with what is in another, and makes it look like that.</summary>
    public static void Copy(string from, string to, CancellationToken cancellationToken)
    {
        using var source = RootedDirectory.Open(from);
        using var target = RootedDirectory.Open(to);
        new TreeCopier(source, target, owner: null, cancellationToken).CopyTree(UnixPath.Empty, UnixPath.Empty);
    }

    /// <summary>Removes a file or a directory with all that is in it. Gone already: succeeds.</summary>
    public static void Remove(string path) => In(path, (parent, name) => parent.RemoveTree(name));

    private static unsafe byte[] Attribute(UnixPath path, string attribute)
    {
        fixed (byte* place = path.Terminated, name = ((UnixPath)attribute).Terminated)
        {
            // zfs-fuse answers a buffer that is too small with junk.
            var value = new byte[NativeMethods.lgetxattr(place, name, null, 0)];
            fixed (byte* content = value)
            {
                Check(NativeMethods.lgetxattr(place, name, content, (nuint)value.Length) == value.Length, "getxattr", path);
            }

            return value;
        }
    }

    /// <summary>For the calls that have no form with a handle (xattr(7)).</summary>
    private static UnixPath PathOf(SafeFileHandle directory, UnixPath name) => (UnixPath)$"/proc/self/fd/{directory.DangerousGetHandle()}" / name;

    private static void In(string path, Action<RootedDirectory, UnixPath> action)
    {
        using var parent = RootedDirectory.Open(Path.GetDirectoryName(path)!);
        action(parent, Path.GetFileName(path));
    }

    private static void Check(bool done, string operation, UnixPath path)
    {
        if (!done)
        {
            throw FileOperationException.Last(operation, path);
        }
    }
}
