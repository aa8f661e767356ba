using System.Collections.Immutable;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Users;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Archives;

/// <summary>
/// Packs a tree into a tar archive: names as bytes, owners, modes, times, links, hard links, devices and extended attributes. The
/// order is that of the names, so the same tree gives the same bytes. Sockets are left out: they mean nothing without their process.
/// </summary>
public sealed class TreeArchiver
{
    private const int BufferSize = 128 * 1024;

    private readonly RootedDirectory root;
    private readonly TarWriter writer;
    private readonly CancellationToken cancellationToken;
    private readonly byte[] buffer = new byte[BufferSize];
    private readonly Dictionary<(ulong Device, ulong Inode), byte[]> firstNames = [];
    private readonly UnixPath start;
    private readonly UnixPath name;
    private readonly UserRange? shown;

    private TreeArchiver(RootedDirectory root, UnixPath start, UnixPath name, UserRange? shown, TarWriter writer, CancellationToken cancellationToken)
    {
        this.root = root;
        this.start = start;
        this.name = name;
        this.shown = shown;
        this.writer = writer;
        this.cancellationToken = cancellationToken;
    }

    /// <param name="rootPath">The directory whose contents are packed; its own attributes are the first entry.</param>
    /// <param name="target">Stays open.</param>
    /// <param name="shown">Whose ids the tree shows as owners; the archive has those that they stand for.</param>
    /// <exception cref="FileChangedException">Somebody writes to the tree meanwhile.</exception>
    public static async Task WriteAsync(string rootPath, Stream target, UserRange? shown, CancellationToken cancellationToken)
    {
        using var root = RootedDirectory.Open(rootPath);
        await WriteAsync(root, UnixPath.Empty, UnixPath.Empty, target, shown, cancellationToken);
    }

    /// <summary>A part of a tree.</summary>
    /// <param name="path">A directory with its contents, or a file or link; without links itself.</param>
    /// <param name="name">What it is called in the archive; empty for a directory that becomes the archive's own root.</param>
    /// <param name="target">Stays open.</param>
    /// <param name="shown">Whose ids the tree shows as owners; the archive has those that they stand for.</param>
    /// <exception cref="FileChangedException">Somebody writes to the tree meanwhile.</exception>
    public static Task WriteAsync(RootedDirectory root, UnixPath path, UnixPath name, Stream target, UserRange? shown, CancellationToken cancellationToken) => Task.Factory.StartNew(
        () =>
        {
            var writer = new TarWriter(target);
            new TreeArchiver(root, path, name, shown, writer, cancellationToken).Write();
            writer.Finish();
        },
        cancellationToken,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private void Write()
    {
        var waiting = new Stack<UnixPath>([start]);
        while (waiting.TryPop(out var path))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var status = root.TryStat(path, followLink: false) ?? throw new FileChangedException(path);
            if (status.Kind is FileKind.Socket or FileKind.Unknown)
            {
                continue;
            }

            Write(path, status);
            if (status.IsDirectory)
            {
                foreach (var name in root.List(path).Reverse())
                {
                    waiting.Push(path / name);
                }
            }
        }
    }

    private void Write(UnixPath path, in FileStatus status)
    {
        if (status is { LinkCount: > 1, IsDirectory: false })
        {
            if (firstNames.TryGetValue((status.Device, status.Inode), out var first))
            {
                writer.WriteEntry(EntryOf(path, status, TarEntryType.HardLink) with { LinkName = first });
                return;
            }

            firstNames.Add((status.Device, status.Inode), NameOf(path));
        }

        switch (status.Kind)
        {
            case FileKind.Regular:
                WriteFile(path, status);
                break;
            case FileKind.Directory:
                using (var directory = root.OpenDirectory(path, LinkRule.Refuse))
                {
                    writer.WriteEntry(EntryOf(path, status, TarEntryType.Directory) with { Xattrs = XattrsOf(directory) });
                }

                break;
            case FileKind.SymbolicLink:
                writer.WriteEntry(EntryOf(path, status, TarEntryType.SymbolicLink) with { LinkName = root.ReadLink(path).Bytes.ToArray() });
                break;
            case FileKind.Fifo:
                writer.WriteEntry(EntryOf(path, status, TarEntryType.Fifo));
                break;
            default:
                var type = status.Kind == FileKind.BlockDevice ? TarEntryType.BlockDevice : TarEntryType.CharacterDevice;
                var (major, minor) = FileCalls.DeviceNumbers(status.RawDevice);
                writer.WriteEntry(EntryOf(path, status, type) with { DeviceMajor = (int)major, DeviceMinor = (int)minor });
                break;
        }
    }

    private void WriteFile(UnixPath path, in FileStatus status)
    {
        using var file = root.OpenRead(path);
        writer.WriteEntry(EntryOf(path, status, TarEntryType.File) with { Size = status.Size, Xattrs = XattrsOf(file) });
        var left = status.Size;
        while (left > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(left, buffer.Length)), status.Size - left);
            if (count == 0)
            {
                throw new FileChangedException(path);
            }

            writer.WriteData(buffer.AsSpan(0, count));
            left -= count;
        }
    }

    /// <summary>The archive's name for what the tree has at a path, which begins with the start's.</summary>
    private byte[] NameOf(UnixPath path) => name.Append(path.Bytes[start.Bytes.Length..].TrimStart((byte)'/')).Bytes.ToArray();

    private TarEntry EntryOf(UnixPath path, in FileStatus status, TarEntryType type) => new()
    {
        Type = type,
        Name = type == TarEntryType.Directory ? [.. NameOf(path) is { Length: > 0 } named ? named : "."u8, (byte)'/'] : NameOf(path),
        Mode = (int)status.Permissions,
        UserId = shown?.ToContainer(status.Owner.User) ?? status.Owner.User,
        GroupId = shown?.ToContainer(status.Owner.Group) ?? status.Owner.Group,
        ModifiedAt = new TarTime(status.Modified.Seconds, (int)status.Modified.Nanoseconds),
        Offset = 0,
    };

    private static ImmutableArray<TarXattr> XattrsOf(SafeFileHandle file) =>
        ExtendedAttributes.Any(file) ? [.. ExtendedAttributes.Read(file).Select(attribute => new TarXattr(attribute.Key.ToString(), attribute.Value))] : [];
}
