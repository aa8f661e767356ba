using System.Collections.Immutable;
using System.Text;
using Kleene.Build.Parser.Text;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Cli.Commands;

/// <summary>
/// Writes edits into a Kleenefile at one stroke: whoever reads it sees the old file or the new one. Bytes that no edit covers stay as
/// they are, also those that are no text; the owner and the mode stay too.
/// </summary>
internal static class KleenefileRewriter
{
    /// <param name="file">Its path; a link is followed.</param>
    /// <param name="before">What it holds, as it was checked.</param>
    /// <param name="after">What it is to hold.</param>
    public static void Rewrite(string file, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        var path = File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(file);
        using var directory = RootedDirectory.Open(Path.GetDirectoryName(path) ?? "/");
        UnixPath name = Path.GetFileName(path);
        if (!before.SequenceEqual(directory.ReadAllBytes(name)))
        {
            throw new KleeneException($"'{file}' has changed while it was checked; nothing was written");
        }

        var status = directory.Stat(name, followLink: false);
        UnixPath draft = $".{Path.GetFileName(path)}.{Environment.ProcessId}.fixed";
        try
        {
            using (var written = new FileStream(directory.CreateFile(draft, status.Permissions, status.Owner), FileAccess.Write))
            {
                written.Write(after);
                written.Flush(flushToDisk: true);
            }

            directory.Rename(draft, name);
        }
        catch
        {
            if (directory.TryStat(draft, followLink: false) is not null)
            {
                directory.Remove(draft);
            }

            throw;
        }
    }

    /// <summary>The content with edits made; null when the bytes are not those of the text.</summary>
    /// <param name="bytes">The content.</param>
    /// <param name="source">What was read from it.</param>
    /// <param name="edits">Not touching each other, in the order of the text.</param>
    internal static byte[]? Apply(ReadOnlySpan<byte> bytes, SourceText source, ImmutableArray<TextEdit> edits)
    {
        // A reader that took the byte order mark away has not shown it to the compiler.
        var mark = bytes.StartsWith(Encoding.UTF8.Preamble) && !source.Text.StartsWith('\uFEFF') ? Encoding.UTF8.Preamble.Length : 0;
        var result = new MemoryStream(bytes.Length + 64);
        var (at, offset, copied, next) = (mark, 0, 0, 0);
        while (true)
        {
            // Edits begin and end between characters, so their ends come up on the way.
            while (next < edits.Length && edits[next].Span.Start == offset)
            {
                result.Write(bytes[copied..at]);
                result.Write(Encoding.UTF8.GetBytes(edits[next].NewText));
                if (!Skip(bytes, ref at, ref offset, source.Text, edits[next].Span.End))
                {
                    return null;
                }

                copied = at;
                next++;
            }

            if (at == bytes.Length)
            {
                break;
            }

            if (!Skip(bytes, ref at, ref offset, source.Text, offset + 1))
            {
                return null;
            }
        }

        result.Write(bytes[copied..]);
        return offset == source.Text.Length && next == edits.Length ? result.ToArray() : null;
    }

    /// <summary>Goes on to a place in the text; false where bytes and text part. What is no UTF-8 was read as U+FFFD, run by run.</summary>
    private static bool Skip(ReadOnlySpan<byte> bytes, ref int at, ref int offset, string text, int end)
    {
        Span<char> characters = stackalloc char[2];
        while (offset < end)
        {
            _ = Rune.DecodeFromUtf8(bytes[at..], out var rune, out var length);
            var count = rune.EncodeToUtf16(characters);
            if (length == 0 || !text.AsSpan(offset).StartsWith(characters[..count]))
            {
                return false;
            }

            at += length;
            offset += count;
        }

        return true;
    }
}
