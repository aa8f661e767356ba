using System.Text;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Builder.Execution.Mounting;

/// <summary>Takes secrets out of what is printed and said.</summary>
internal sealed class SecretMask
{
    private const string Cover = "***";

    private readonly string[] values;
    private readonly int longest;

    public SecretMask(BuildSecrets secrets)
    {
        // Of two that begin alike the longer one goes first, or its end would be left.
        values = [.. secrets.Unspeakable.OrderByDescending(value => value.Length)];
        longest = values.Length == 0 ? 0 : values[0].Length;
    }

    public string Apply(string text)
    {
        var ranges = Find(text);
        return ranges.Count == 0 ? text : Write(text, 0, text.Length, ranges);
    }

    /// <summary>What is written to it reaches the other one without secrets. Whatever is left is handed on when it is disposed of.</summary>
    public MaskedOutput Before(IOutputSink sink) => new(this, sink);

    /// <summary>The places of secrets in a text, in order; those that overlap are one.</summary>
    private List<(int Start, int End)> Find(string text)
    {
        var found = new List<(int Start, int End)>();
        foreach (var value in values)
        {
            for (var at = text.IndexOf(value, StringComparison.Ordinal); at >= 0; at = text.IndexOf(value, at + 1, StringComparison.Ordinal))
            {
                found.Add((at, at + value.Length));
            }
        }

        found.Sort();
        for (var i = found.Count - 1; i > 0; i--)
        {
            if (found[i].Start < found[i - 1].End)
            {
                found[i - 1] = (found[i - 1].Start, Math.Max(found[i - 1].End, found[i].End));
                found.RemoveAt(i);
            }
        }

        return found;
    }

    /// <summary>A part of the text; a secret that reaches into the next part is covered in the one where it begins.</summary>
    private static string Write(string text, int from, int to, List<(int Start, int End)> ranges)
    {
        var written = new StringBuilder();
        var at = from;
        foreach (var (start, end) in ranges)
        {
            if (end <= from || start >= to)
            {
                continue;
            }

            if (start >= from)
            {
                written.Append(text, at, start - at).Append(Cover);
            }

            at = Math.Min(end, to);
        }

        return written.Append(text, at, to - at).ToString();
    }

    /// <summary>
    /// The output of one command. A line that is too long comes in pieces, and a secret may lie across two of them: the end of such a
    /// piece waits for the next one.
    /// </summary>
    internal sealed class MaskedOutput(SecretMask mask, IOutputSink sink) : IOutputSink, IDisposable
    {
        private readonly Dictionary<OutputKind, string> waiting = [];
        private readonly Lock gate = new();

        public void WriteLine(OutputKind stream, string line)
        {
            if (mask.longest == 0)
            {
                sink.WriteLine(stream, line);
                return;
            }

            lock (gate)
            {
                waiting.Remove(stream, out var before);
                var text = before + line;
                var ranges = mask.Find(text);
                if (before is not null)
                {
                    sink.WriteLine(stream, Write(text, 0, before.Length, ranges));
                }

                var kept = IOutputSink.MayGoOn(line) ? Math.Min(mask.longest - 1, line.Length) : 0;
                var end = text.Length - kept;
                if (kept > 0)
                {
                    // What is known to be a secret is covered here, and not shown again as the beginning of the next piece.
                    end = ranges.Aggregate(end, (so, range) => range.Start < so && range.End > so ? range.End : so);
                    if (end < text.Length)
                    {
                        waiting[stream] = text[end..];
                    }
                }

                sink.WriteLine(stream, Write(text, before?.Length ?? 0, end, ranges));
            }
        }

        public void Dispose()
        {
            foreach (var (stream, line) in waiting)
            {
                sink.WriteLine(stream, mask.Apply(line));
            }

            waiting.Clear();
        }
    }
}
