using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Testing.Storage;

/// <summary>
/// A file tree as text, one line an entry, so that two trees can be compared and a difference read. Holds what a snapshot has to keep:
/// name, kind, mode, owner, modification time, links, size, target or device, extended attributes, content.
/// </summary>
public static class TreeText
{
    public static string Of(string path)
    {
        using var root = OpenDirectory.Open(path);
        var lines = new List<string> { Line(".", root, ".\0"u8.ToArray(), []) };
        Add(lines, root, "", []);
        return string.Join('\n', lines);
    }

    private static void Add(List<string> lines, OpenDirectory directory, string prefix, Dictionary<ulong, string> links)
    {
        foreach (var entry in directory.Entries().OrderBy(entry => Show(entry.Name), StringComparer.Ordinal))
        {
            var path = prefix + Show(entry.Name);
            lines.Add(Line(path, directory, entry.Name, links));
            if (directory.Stat(entry.Name).IsDirectory)
            {
                using var child = directory.OpenChild(entry.Name);
                Add(lines, child, path + "/", links);
            }
        }
    }

    private static string Line(string path, OpenDirectory directory, byte[] name, Dictionary<ulong, string> links)
    {
        var status = directory.Stat(name);
        var line = new StringBuilder(path);
        line.Append(CultureInfo.InvariantCulture, $" {Kind(status.Type)} {Convert.ToString(status.Mode & 0xFFF, 8)} {status.Owner}:{status.Group}");
        line.Append(CultureInfo.InvariantCulture, $" {status.Modified.Seconds}.{status.Modified.Nanoseconds:D9}");
        if (!status.IsDirectory && status.Links > 1 && !links.TryAdd(status.Inode, path))
        {
            line.Append(" = ").Append(links[status.Inode]);
        }

        switch (status.Type)
        {
            case NativeMethods.S_IFREG:
                line.Append(CultureInfo.InvariantCulture, $" {status.Size} {Hash(directory.PathOf(name))}");
                break;
            case NativeMethods.S_IFLNK:
                var target = new byte[4096];
                var length = NativeMethods.readlinkat(directory.Handle, name, target, target.Length);
                line.Append(" -> ").Append(Show(target.AsSpan(0, (int)length)));
                break;
            case NativeMethods.S_IFDIR:
                break;
            default:
                line.Append(CultureInfo.InvariantCulture, $" {status.RawDeviceMajor}:{status.RawDeviceMinor}");
                break;
        }

        foreach (var (attribute, value) in RawFiles.Attributes(directory.PathOf(name)))
        {
            line.Append(CultureInfo.InvariantCulture, $" {attribute}={Convert.ToHexStringLower(value)}");
        }

        return line.ToString();
    }

    private static string Kind(uint type) => type switch
    {
        NativeMethods.S_IFREG => "file",
        NativeMethods.S_IFDIR => "dir",
        NativeMethods.S_IFLNK => "link",
        0x1000 => "fifo",
        0x2000 => "char",
        0x6000 => "block",
        0xC000 => "socket",
        _ => "unknown",
    };

    private static string Hash(byte[] path)
    {
        using var file = NativeMethods.openat(NativeMethods.AT_FDCWD, path, NativeMethods.O_RDONLY | NativeMethods.O_CLOEXEC, 0);
        using var stream = new FileStream(file, FileAccess.Read);
        return Convert.ToHexStringLower(SHA256.HashData(stream))[..16];
    }

    /// <summary>Bytes that are not plain characters, and spaces, as <c>%XX</c>.</summary>
    private static string Show(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder();
        foreach (var value in name.TrimEnd((byte)0))
        {
            _ = value is > (byte)' ' and < 0x7F and not (byte)'%' ? text.Append((char)value) : text.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}
