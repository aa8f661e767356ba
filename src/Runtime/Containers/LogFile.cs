using System.Buffers.Text;
using System.Text;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Containers;

/// <summary>Something that a container printed.</summary>
/// <param name="Time">When its supervisor read it.</param>
/// <param name="Stream">Where it was written.</param>
/// <param name="Text">Bytes as they were printed, without the line end.</param>
/// <param name="IsComplete">Whether a line ends here; a long or unfinished one comes in pieces.</param>
public sealed record LogEntry(DateTimeOffset Time, OutputKind Stream, ReadOnlyMemory<byte> Text, bool IsComplete);

/// <summary>
/// The form of a log (Kubernetes' format): a line each of a time, <c>stdout</c> or <c>stderr</c>, <c>F</c> or <c>P</c> for a full or partial line, and
/// the text.
/// </summary>
internal static class LogFile
{
    public const int BlockBytes = 64 * 1024;

    /// <summary>The name of the file that was put away so many times.</summary>
    public static string Older(string path, int number) => number == 0 ? path : $"{path}.{number}";

    /// <summary>Null when it is not there.</summary>
    public static FileStream? TryOpen(string file, FileAccess access = FileAccess.Read)
    {
        try
        {
            return new FileStream(file, FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// Complete lines from where the file stands, without their ends; one that is still being written stays for the next time. Each is good until
    /// the next is asked for.
    /// </summary>
    public static IEnumerable<(long Offset, Memory<byte> Line)> Lines(FileStream file)
    {
        var buffer = new byte[BlockBytes];
        var held = 0;
        while (true)
        {
            var begin = file.Position - held;
            var count = file.Read(buffer, held, buffer.Length - held);
            var end = held + count;
            var start = 0;
            while (buffer.AsSpan(start, end - start).IndexOf((byte)'\n') is var length and >= 0)
            {
                yield return (begin + start, buffer.AsMemory(start, length));
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

    /// <summary>Null for what is no line of ours, such as one that a full disk has cut.</summary>
    public static LogEntry? Parse(ReadOnlyMemory<byte> line)
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
}
