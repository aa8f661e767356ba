using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Containers;

/// <summary>How much of a log is kept.</summary>
/// <param name="Bytes">A file that has become larger is put away and a new one begun.</param>
/// <param name="Files">How many there are, the one that is written to included.</param>
public sealed record LogBound(long Bytes, int Files);

/// <summary>
/// Puts files of a log that are full away, as <c>log.1</c>, <c>log.2</c>, …, and removes what is too old. A line that goes on from one file to the
/// next goes with its beginning: what is left begins with a whole one.
/// </summary>
internal sealed class LogRotation(string path)
{
    /// <summary>Instead of the first digit of a year, until the year 3000: what nobody reads.</summary>
    private const byte Void = (byte)'-';

    /// <summary>Does what is to be done. Returns whether the supervisor has to begin a new file.</summary>
    public bool Rotate(LogBound bound)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            // Whoever has put it away was killed before he could say so.
            return File.Exists(LogFile.Older(path, 1));
        }

        // A new file is there: nobody writes to the others any more.
        RemoveSurplus(bound);
        if (file.Length <= bound.Bytes)
        {
            return false;
        }

        // From the oldest on: killed in between, two files have the same content for a while, and none is lost.
        for (var i = bound.Files; i > 0; i--)
        {
            if (File.Exists(LogFile.Older(path, i - 1)))
            {
                File.Move(LogFile.Older(path, i - 1), LogFile.Older(path, i), overwrite: true);
            }
        }

        return true;
    }

    /// <summary>Removes the one that is too many, once the line that it ends with has come to its end in the next.</summary>
    private void RemoveSurplus(LogBound bound)
    {
        using var surplus = LogFile.TryOpen(LogFile.Older(path, bound.Files));
        using var next = LogFile.TryOpen(LogFile.Older(path, bound.Files - 1), FileAccess.ReadWrite);
        if (surplus is null || next is null)
        {
            return;
        }

        var unfinished = new HashSet<OutputKind>();
        foreach (var (_, entry) in Entries(surplus))
        {
            _ = entry.IsComplete ? unfinished.Remove(entry.Stream) : unfinished.Add(entry.Stream);
        }

        var pieces = new List<long>();
        foreach (var (offset, entry) in unfinished.Count > 0 ? Entries(next) : [])
        {
            if (unfinished.Contains(entry.Stream))
            {
                pieces.Add(offset);
                _ = entry.IsComplete && unfinished.Remove(entry.Stream);
            }

            if (unfinished.Count == 0)
            {
                break;
            }
        }

        if (unfinished.Count > 0)
        {
            return;
        }

        // Killed in between, it is done again: what is void already counts as before.
        foreach (var offset in pieces)
        {
            RandomAccess.Write(next.SafeFileHandle, [Void], offset);
        }

        File.Delete(surplus.Name);
    }

    private static IEnumerable<(long Offset, LogEntry Entry)> Entries(FileStream file)
    {
        foreach (var (offset, line) in LogFile.Lines(file))
        {
            if (line.Span is [Void, ..])
            {
                line.Span[0] = (byte)'2';
            }

            if (LogFile.Parse(line) is { } entry)
            {
                yield return (offset, entry);
            }
        }
    }
}
