using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Containers;

/// <summary>How much of a log is kept.</summary>
/// <param name="Bytes">A file that has become larger is put away and a new one begun.</param>
/// <param name="Files">How many there are, the one that is written to included.</param>
public sealed record LogBound(long Bytes, int Files);

/// <summary>Something that a container printed.</summary>
/// <param name="Time">When conmon read it.</param>
/// <param name="Stream">Where it was written.</param>
/// <param name="Text">Bytes as they were printed, without the line end.</param>
/// <param name="IsComplete">Whether a line ends here; a long or unfinished one comes in pieces.</param>
public sealed record LogEntry(DateTimeOffset Time, OutputKind Stream, ReadOnlyMemory<byte> Text, bool IsComplete);

/// <summary>Which part of a log is wanted.</summary>
public sealed record LogRequest
{
    public DateTimeOffset? Since { get; init; }

    public DateTimeOffset? Until { get; init; }

    /// <summary>So many lines at the end; null is all.</summary>
    public int? Tail { get; init; }
}

/// <summary>
/// Reads what a container has printed, as conmon keeps it (Kubernetes' format): a line each of a time, <c>stdout</c> or <c>stderr</c>, <c>F</c> or <c>P</c>
/// for a full or partial line, and the text. Puts full files away as <c>log.1</c>, <c>log.2</c>, …
/// </summary>
public sealed class ContainerLog(string path)
{
    private const int BlockBytes = 64 * 1024;

    /// <summary>Puts a file that has become too large away. Returns whether whoever writes to it has to open it again.</summary>
    public bool Rotate(LogBound bound)
    {
        if (new FileInfo(path) is not { Exists: true } file || file.Length <= bound.Bytes)
        {
            return false;
        }

        // From the oldest on: killed in between, two files have the same content for a while, and none is lost.
        for (var i = bound.Files - 1; i > 0; i--)
        {
            if (File.Exists(Older(i - 1)))
            {
                File.Move(Older(i - 1), Older(i), overwrite: true);
            }
        }

        if (bound.Files <= 1)
        {
            File.Delete(path);
        }

        return true;
    }

    /// <summary>Reads what is there, oldest first; then, as long as <paramref name="goesOn"/> says so, what is added.</summary>
    /// <param name="goesOn">Waits for more; false when there will be none.</param>
    public async IAsyncEnumerable<LogEntry> ReadAsync(LogRequest request, Func<Task<bool>>? goesOn, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var files = new List<FileStream>();
        try
        {
            Open(files);
            var (first, offset) = request.Tail is { } lines ? StartOfTail(files, lines) : (0, 0);
            for (var i = first; i < files.Count; i++)
            {
                files[i].Position = i == first ? offset : 0;
                foreach (var entry in Entries(files[i], request))
                {
                    yield return entry;
                }
            }

            while (goesOn is not null)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var more = await goesOn();
                var current = files.Count > 0 ? files[^1] : null;
                if (current is not null)
                {
                    foreach (var entry in Entries(current, request))
                    {
                        yield return entry;
                    }
                }

                // Another file has taken its name, and this one has been read to its end.
                if (Successor(current) is { } next)
                {
                    files.Add(next);
                }
                else if (!more)
                {
                    yield break;
                }
            }
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
    }

    private string Older(int number) => number == 0 ? path : $"{path}.{number}";

    /// <summary>Oldest first. One that is put away while they are opened is opened again under its new name, and left out the second time.</summary>
    private void Open(List<FileStream> files)
    {
        var known = new HashSet<(ulong, ulong)>();
        var number = 0;
        while (File.Exists(Older(number + 1)))
        {
            number++;
        }

        for (; number >= 0; number--)
        {
            if (TryOpen(Older(number)) is { } file)
            {
                if (known.Add(IdentityOf(file)))
                {
                    files.Add(file);
                }
                else
                {
                    file.Dispose();
                }
            }
        }
    }

    private FileStream? Successor(FileStream? current)
    {
        var next = TryOpen(path);
        if (next is not null && current is not null && IdentityOf(next) == IdentityOf(current))
        {
            next.Dispose();
            return null;
        }

        return next;
    }

    private static FileStream? TryOpen(string file)
    {
        try
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static (ulong Device, ulong Inode) IdentityOf(FileStream file) =>
        FileCalls.TryStat(file.SafeFileHandle, out var status) ? (status.Device, status.Inode) : throw Errno.LastException($"stat '{file.Name}'");

    /// <summary>Complete lines from where the file stands; a line that is still being written stays for the next time.</summary>
    private static IEnumerable<LogEntry> Entries(FileStream file, LogRequest request)
    {
        var buffer = new byte[BlockBytes];
        var held = 0;
        while (true)
        {
            var count = file.Read(buffer, held, buffer.Length - held);
            var end = held + count;
            var start = 0;
            while (buffer.AsSpan(start, end - start).IndexOf((byte)'\n') is var length and >= 0)
            {
                if (Parse(buffer.AsMemory(start, length)) is { } entry && IsWanted(entry, request))
                {
                    yield return entry with { Text = entry.Text.ToArray() };
                }

                start += length + 1;
            }

            held = end - start;
            if (count == 0)
            {
                file.Position -= held;
                yield break;
            }

            if (start > 0)
            {
                buffer.AsSpan(start, held).CopyTo(buffer);
            }
            else if (held == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }
    }

    private static bool IsWanted(LogEntry entry, LogRequest request) => !(entry.Time < request.Since) && !(entry.Time > request.Until);

    /// <summary>Null for what is no line of ours, such as one that a full disk has cut.</summary>
    internal static LogEntry? Parse(ReadOnlyMemory<byte> line)
    {
        // 2026-01-31T12:00:00.123456789+00:00 stdout F text
        var bytes = line.Span;
        var blank = bytes.IndexOf((byte)' ');
        if (blank < 0 || !TryParseTime(bytes[..blank], out var time))
        {
            return null;
        }

        var rest = bytes[(blank + 1)..];
        if (rest.Length < 8 || rest[6] != ' ' || rest[7] is not ((byte)'F' or (byte)'P'))
        {
            return null;
        }

        var text = line[Math.Min(blank + 1 + 9, line.Length)..];
        return new LogEntry(time, rest.StartsWith("stderr"u8) ? OutputKind.Error : OutputKind.Output, text, rest[7] == 'F');
    }

    private static bool TryParseTime(ReadOnlySpan<byte> bytes, out DateTimeOffset time)
    {
        // Nine digits of a second; ours has seven.
        Span<byte> cut = stackalloc byte[33];
        if (bytes is { Length: 35 } && bytes[19] == '.')
        {
            bytes[..27].CopyTo(cut);
            bytes[29..].CopyTo(cut[27..]);
            return Utf8Parser.TryParse(cut, out time, out var read, 'O') && read == cut.Length;
        }

        return DateTimeOffset.TryParse(Encoding.ASCII.GetString(bytes), System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.None, out time);
    }

    /// <summary>The file and the place in it at which the last lines begin.</summary>
    private static (int File, long Offset) StartOfTail(List<FileStream> files, int lines)
    {
        if (lines == 0)
        {
            return files.Count > 0 ? (files.Count - 1, files[^1].Length) : (0, 0);
        }

        for (var i = files.Count - 1; i >= 0; i--)
        {
            if (StartOfTail(files[i], ref lines) is { } offset)
            {
                return (i, offset);
            }
        }

        return (0, 0);
    }

    /// <summary>
    /// Goes back line by line and counts those that complete what was printed; the line behind the one too many is the first that is wanted.
    /// Null when the file has too few.
    /// </summary>
    private static long? StartOfTail(FileStream file, ref int lines)
    {
        var block = new byte[BlockBytes];
        var lineEnd = file.Length;
        var following = lineEnd;
        while (lineEnd > 0)
        {
            // A line of conmon's is far shorter than a block: it reads eight kilobytes at a time.
            var from = Math.Max(0, lineEnd - block.Length);
            file.Position = from;
            var count = file.ReadAtLeast(block.AsSpan(0, (int)(lineEnd - from)), (int)(lineEnd - from), throwOnEndOfStream: false);
            var end = count;
            while (end > 0)
            {
                var newline = block.AsSpan(0, end - 1).LastIndexOf((byte)'\n');
                if (newline < 0 && from > 0)
                {
                    break;
                }

                if (Parse(block.AsMemory(newline + 1, end - newline - 1)) is { IsComplete: true } && lines-- == 0)
                {
                    return following;
                }

                following = from + newline + 1;
                end = newline + 1;
            }

            if (end == count && from > 0)
            {
                // One line fills the block: whatever wrote it, it counts as one piece.
                end = 0;
            }

            lineEnd = from + end;
        }

        return null;
    }
}
