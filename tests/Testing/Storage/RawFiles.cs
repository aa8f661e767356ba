using System.Text;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Testing.Storage;

/// <summary>Makes the files that the framework has no call for: names that are not text, device nodes, owners, extended attributes.</summary>
public static class RawFiles
{
    public static void MakeFile(string directory, ReadOnlySpan<byte> name, string content)
    {
        using var parent = OpenDirectory.Open(directory);
        var flags = NativeMethods.O_WRONLY | NativeMethods.O_CREAT | NativeMethods.O_EXCL | NativeMethods.O_CLOEXEC;
        using var file = NativeMethods.openat(parent.Descriptor, Terminated(name), flags, 0x1A4);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(content), 0);
    }

    public static void MakeNode(string path, uint typeAndMode, uint major = 0, uint minor = 0) =>
        On(path, (parent, name) => NativeMethods.mknodat(parent.Handle, name, typeAndMode, (major << 8) | minor), "mknod");

    public static void Link(string existing, string path)
    {
        using var from = OpenDirectory.Open(Path.GetDirectoryName(existing)!);
        On(path, (parent, name) => NativeMethods.linkat(from.Handle, OpenDirectory.Name(Path.GetFileName(existing)), parent.Handle, name, 0), "link");
    }

    public static void SetMode(string path, uint mode) => On(path, (parent, name) => NativeMethods.fchmodat(parent.Handle, name, mode, 0), "chmod");

    public static void SetOwner(string path, uint owner, uint group) =>
        On(path, (parent, name) => NativeMethods.fchownat(parent.Handle, name, owner, group, NativeMethods.AT_SYMLINK_NOFOLLOW), "chown");

    public static void SetModified(string path, long seconds, long nanoseconds)
    {
        var times = new NativeMethods.FileTimes { AccessSeconds = seconds, ModifiedSeconds = seconds, ModifiedNanoseconds = nanoseconds };
        On(path, (parent, name) => NativeMethods.utimensat(parent.Handle, name, times, NativeMethods.AT_SYMLINK_NOFOLLOW), "set times of");
    }

    public static void SetAttribute(string path, string attribute, ReadOnlySpan<byte> value) =>
        Check(NativeMethods.lsetxattr(OpenDirectory.Name(path), OpenDirectory.Name(attribute), value, value.Length, 0), "setxattr", path);

    /// <summary>In the order of their names; empty where the file system has none.</summary>
    public static IReadOnlyList<(string Name, byte[] Value)> Attributes(byte[] path)
    {
        var list = new byte[64 * 1024];
        var length = NativeMethods.llistxattr(path, list, list.Length);
        if (length <= 0)
        {
            return [];
        }

        var names = Encoding.UTF8.GetString(list.AsSpan(0, (int)length)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        return [.. names.Order(StringComparer.Ordinal).Select(name => (name, Attribute(path, name)))];
    }

    /// <summary>rename(2), or what mv(1) does when the file system cannot.</summary>
    public static void Move(string from, string to)
    {
        using var source = OpenDirectory.Open(Path.GetDirectoryName(from)!);
        using var target = OpenDirectory.Open(Path.GetDirectoryName(to)!);
        var (oldName, newName) = (OpenDirectory.Name(Path.GetFileName(from)), OpenDirectory.Name(Path.GetFileName(to)));
        if (NativeMethods.renameat(source.Handle, oldName, target.Handle, newName) == 0)
        {
            return;
        }

        if (Errno.Last != Errno.EXDEV)
        {
            throw Errno.LastException($"rename '{from}'");
        }

        Directory.CreateDirectory(to);
        TreeCopier.Copy(from, to, CancellationToken.None);
        TreeRemover.Remove(from, CancellationToken.None);
    }

    private static byte[] Attribute(byte[] path, string name)
    {
        var size = NativeMethods.lgetxattr(path, OpenDirectory.Name(name), [], 0);
        var value = new byte[size];
        Check(NativeMethods.lgetxattr(path, OpenDirectory.Name(name), value, value.Length) == size ? 0 : -1, "getxattr", name);
        return value;
    }

    private static void On(string path, Func<OpenDirectory, byte[], int> call, string operation)
    {
        using var parent = OpenDirectory.Open(Path.GetDirectoryName(path)!);
        Check(call(parent, OpenDirectory.Name(Path.GetFileName(path))), operation, path);
    }

    private static void Check(int result, string operation, string path)
    {
        if (result != 0)
        {
            throw Errno.LastException($"{operation} '{path}'");
        }
    }

    private static byte[] Terminated(ReadOnlySpan<byte> name) => [.. name, 0];
}
