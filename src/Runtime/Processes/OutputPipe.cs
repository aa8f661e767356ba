using System.Text;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Processes;

/// <summary>Our end of a pipe that a program prints into: cuts it into lines for a sink, or collects it.</summary>
internal sealed unsafe class OutputPipe(int descriptor, OutputKind kind, IOutputSink? sink, bool keepAll) : IDisposable
{
    /// <summary>How much of the error stream is kept for messages when it also goes to a sink.</summary>
    private const int TailLimit = 4 * 1024;

    private readonly MemoryStream line = new();
    private readonly MemoryStream kept = new();

    public int Descriptor { get; private set; } = descriptor;

    public bool IsOpen => Descriptor >= 0;

    public static OutputPipe For(ProcessOutput output, OutputKind kind, int descriptor) => output switch
    {
        ProcessOutput.Forward forward => new OutputPipe(descriptor, kind, forward.Sink, keepAll: false),
        _ => new OutputPipe(descriptor, kind, null, keepAll: true),
    };

    public void Read(byte* buffer, int size)
    {
        var count = NativeMethods.read(Descriptor, buffer, (nuint)size);
        if (count > 0)
        {
            Take(new ReadOnlySpan<byte>(buffer, (int)count));
        }
        else if (count == 0 || (Errno.Last != Errno.EAGAIN && Errno.Last != Errno.EINTR))
        {
            Dispose();
        }
    }

    /// <summary>Hands on an unfinished last line and returns what was kept.</summary>
    public string Finish()
    {
        if (line.Length > 0)
        {
            EndLine();
        }

        return Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length);
    }

    public void Dispose()
    {
        if (IsOpen)
        {
            _ = NativeMethods.close(Descriptor);
            Descriptor = -1;
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        if (keepAll)
        {
            kept.Write(bytes);
        }
        else if (kind == OutputKind.Error)
        {
            KeepTail(bytes);
        }

        if (sink is null)
        {
            return;
        }

        while (!bytes.IsEmpty)
        {
            var end = bytes.IndexOf((byte)'\n');
            var piece = end < 0 ? bytes : bytes[..end];
            line.Write(piece);
            if (end >= 0 || line.Length >= IOutputSink.LongestLine)
            {
                EndLine();
            }

            bytes = end < 0 ? [] : bytes[(end + 1)..];
        }
    }

    private void EndLine()
    {
        var bytes = line.GetBuffer().AsSpan(0, (int)line.Length);
        if (!bytes.IsEmpty && bytes[^1] == '\r')
        {
            bytes = bytes[..^1];
        }

        sink?.WriteLine(kind, Encoding.UTF8.GetString(bytes));
        line.SetLength(0);
    }

    private void KeepTail(ReadOnlySpan<byte> bytes)
    {
        kept.Write(bytes);
        if (kept.Length > 4 * TailLimit)
        {
            var tail = kept.GetBuffer().AsSpan((int)kept.Length - TailLimit, TailLimit).ToArray();
            kept.SetLength(0);
            kept.Write(tail);
        }
    }
}
