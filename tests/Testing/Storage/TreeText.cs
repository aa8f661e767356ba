using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Testing.Storage;

/// <summary>
/// A file tree as text, one line an entry, so that two trees can be compared and a difference read. Holds what a snapshot has to keep:
/// name, kind, mode, owner, modification time, links, size, target or device, extended attributes, content.
/// </summary>
public static class TreeText
{
    public static string Of(string path)
    {
        using var root = RootedDirectory.Open(path);
        var lines = new List<string> { Line(root, UnixPath.Empty, []) };
        Add(lines, root, UnixPath.Empty, []);
        return string.Join('\n', lines);
    }

    private static void Add(List<string> lines, RootedDirectory root, UnixPath directory, Dictionary<ulong, UnixPath> links)
    {
        foreach (var name in root.List(directory).OrderBy(Show, StringComparer.Ordinal))
        {
            var path = directory / name;
            lines.Add(Line(root, path, links));
            if (root.Stat(path, followLink: false).IsDirectory)
            {
                Add(lines, root, path, links);
            }
        }
    }

    private static string Line(RootedDirectory root, UnixPath path, Dictionary<ulong, UnixPath> links)
    {
        var status = root.Stat(path, followLink: false);
        var line = new StringBuilder(path.IsEmpty ? "." : Show(path));
        line.Append(CultureInfo.InvariantCulture, $" {Kind(status.Kind)} {Convert.ToString(status.Permissions, 8)} {status.Owner.User}:{status.Owner.Group}");
        line.Append(CultureInfo.InvariantCulture, $" {status.Modified.Seconds}.{status.Modified.Nanoseconds:D9}");
        if (!status.IsDirectory && status.LinkCount > 1 && !links.TryAdd(status.Inode, path))
        {
            line.Append(" = ").Append(Show(links[status.Inode]));
        }

        switch (status.Kind)
        {
            case FileKind.Regular:
                line.Append(CultureInfo.InvariantCulture, $" {status.Size} {Convert.ToHexStringLower(SHA256.HashData(root.ReadAllBytes(path)))[..16]}");
                break;
            case FileKind.SymbolicLink:
                line.Append(" -> ").Append(Show(root.ReadLink(path)));
                break;
            case FileKind.Directory:
                break;
            default:
                line.Append(CultureInfo.InvariantCulture, $" {(status.RawDevice >> 8) & 0xFFF}:{status.RawDevice & 0xFF}");
                break;
        }

        using var parent = root.OpenDirectory(path.Parent, LinkRule.Refuse);
        foreach (var (attribute, value) in RawFiles.Attributes(parent, path.IsEmpty ? "." : path.Name))
        {
            line.Append(CultureInfo.InvariantCulture, $" {attribute}={Convert.ToHexStringLower(value)}");
        }

        return line.ToString();
    }

    private static string Kind(FileKind kind) => kind switch
    {
        FileKind.Regular => "file",
        FileKind.Directory => "dir",
        FileKind.SymbolicLink => "link",
        FileKind.Fifo => "fifo",
        FileKind.CharacterDevice => "char",
        FileKind.BlockDevice => "block",
        FileKind.Socket => "socket",
        _ => "unknown",
    };

    /// <summary>Bytes that are not plain characters, and spaces, as <c>%XX</c>.</summary>
    private static string Show(UnixPath name)
    {
        var text = new StringBuilder();
        foreach (var value in name.Bytes)
        {
            _ = value is > (byte)' ' and < 0x7F and not (byte)'%' ? text.Append((char)value) : text.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }
}
