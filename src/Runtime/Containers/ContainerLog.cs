using System.Runtime.CompilerServices;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Containers;

/// <summary>Which part of a log is wanted.</summary>
public sealed record LogRequest
{
    public DateTimeOffset? Since { get; init; }

    public DateTimeOffset? Until { get; init; }

    /// <summary>So many lines at the end; null is all.</summary>
    public int? Tail { get; init; }
}

/// <summary>Reads what a container has printed, as its supervisor keeps it (<see cref="LogFile"/>), across the files that were put away (<see cref="LogRotation"/>).</summary>
public sealed class ContainerLog(string path)
{
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

                // Asked before the last of this one is read: once there is a new one, nobody writes to this any more.
                var read = files.Count;
                OpenSuccessors(files);
                for (var i = Math.Max(read - 1, 0); i < files.Count; i++)
                {
                    foreach (var entry in Entries(files[i], request))
                    {
                        yield return entry;
                    }
                }

                if (!more && files.Count == read)
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

    /// <summary>Oldest first. One that is put away while they are opened is opened again under its new name, and left out the second time.</summary>
    private void Open(List<FileStream> files)
    {
        var known = new HashSet<(ulong, ulong)>();
        var number = 0;
        while (File.Exists(LogFile.Older(path, number + 1)))
        {
            number++;
        }

        for (; number >= 0; number--)
        {
            if (LogFile.TryOpen(LogFile.Older(path, number)) is { } file)
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

    /// <summary>Adds those that were begun after the last one; as a rule there is none.</summary>
    private void OpenSuccessors(List<FileStream> files)
    {
        using (var newest = LogFile.TryOpen(path))
        {
            if (newest is null || (files.Count > 0 && IdentityOf(newest) == IdentityOf(files[^1])))
            {
                return;
            }
        }

        var found = new List<FileStream>();
        Open(found);
        var known = files.Count > 0 ? found.FindIndex(file => IdentityOf(file) == IdentityOf(files[^1])) + 1 : 0;
        found[..known].ForEach(file => file.Dispose());
        files.AddRange(found[known..]);
    }

    private static (ulong Device, ulong Inode) IdentityOf(FileStream file) =>
        FileCalls.TryStat(file.SafeFileHandle, out var status) ? (status.Device, status.Inode) : throw Errno.LastException($"stat '{file.Name}'");

    private static IEnumerable<LogEntry> Entries(FileStream file, LogRequest request)
    {
        foreach (var (_, line) in LogFile.Lines(file))
        {
            if (LogFile.Parse(line) is { } entry && IsWanted(entry, request))
            {
                yield return entry with { Text = entry.Text.ToArray() };
            }
        }
    }

    private static bool IsWanted(LogEntry entry, LogRequest request) => !(entry.Time < request.Since) && !(entry.Time > request.Until);

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
        var block = new byte[LogFile.BlockBytes];
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

                if (LogFile.Parse(block.AsMemory(newline + 1, end - newline - 1)) is { IsComplete: true } && lines-- == 0)
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
