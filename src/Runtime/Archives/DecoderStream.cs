using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Archives;

/// <summary>Feeds a native decompression library from a stream. What differs between libraries is <see cref="Decode"/>.</summary>
internal abstract class DecoderStream(PeekStream source, string format) : ForwardStream
{
    private readonly byte[] input = new byte[128 * 1024];
    private int start;
    private int end;
    private bool sourceEnded;
    private bool finished;
    private long consumed;

    public override int Read(Span<byte> buffer)
    {
        while (!finished && !buffer.IsEmpty)
        {
            if (start == end && !sourceEnded)
            {
                start = 0;
                end = source.Read(input);
                sourceEnded = end == 0;
            }

            var step = Decode(input.AsSpan(start, end - start), buffer, sourceEnded);
            start += step.Consumed;
            consumed += step.Consumed;
            finished = step.Finished;
            if (step.Produced > 0)
            {
                return step.Produced;
            }

            if (sourceEnded && !finished && step.Consumed == 0)
            {
                throw Damaged("the file is cut off");
            }
        }

        return 0;
    }

    /// <summary>Unpacks some of the input. Neither reads nor writes anything when it needs more input.</summary>
    /// <param name="inputEnded">There is no more input after this.</param>
    protected abstract DecoderStep Decode(ReadOnlySpan<byte> data, Span<byte> output, bool inputEnded);

    protected ArchiveException Damaged(string reason) => new($"{format}: {reason}", consumed);

    /// <summary>Loading happens at the first call into the library, so that nobody else needs it to be there.</summary>
    protected static T Load<T>(string library, string package, Func<T> firstCall)
    {
        try
        {
            return firstCall();
        }
        catch (DllNotFoundException e)
        {
            throw new KleeneException(
                $"this archive needs the library {library}, which is not installed; install the package '{package}', or unpack the archive first", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }

    [StructLayout(LayoutKind.Auto)]
    protected readonly record struct DecoderStep(int Consumed, int Produced, bool Finished);
}
