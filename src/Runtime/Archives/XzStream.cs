using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Archives;

/// <summary>Unpacks .xz by liblzma. The numbers are those of lzma/base.h and lzma/container.h.</summary>
internal sealed unsafe class XzStream : DecoderStream
{
    // xz -9 needs 65 MiB. A header may ask for up to 4 GiB.
    private const ulong MemoryLimit = 1UL << 30;

    private readonly NativeMethods.lzma_stream* state;
    private bool disposed;

    public XzStream(PeekStream source)
        : base(source, "xz")
    {
        state = (NativeMethods.lzma_stream*)NativeMemory.AllocZeroed((nuint)sizeof(NativeMethods.lzma_stream));
        try
        {
            Check(Load("liblzma.so.5", "liblzma5", () => NativeMethods.lzma_stream_decoder(state, MemoryLimit, NativeMethods.LZMA_CONCATENATED)));
        }
        catch
        {
            Free();
            throw;
        }
    }

    protected override DecoderStep Decode(ReadOnlySpan<byte> data, Span<byte> output, bool inputEnded)
    {
        fixed (byte* from = data)
        fixed (byte* to = output)
        {
            state->next_in = from;
            state->avail_in = (nuint)data.Length;
            state->next_out = to;
            state->avail_out = (nuint)output.Length;

            var result = NativeMethods.lzma_code(state, inputEnded ? NativeMethods.LZMA_FINISH : NativeMethods.LZMA_RUN);
            var produced = output.Length - (int)state->avail_out;
            var step = new DecoderStep(data.Length - (int)state->avail_in, produced, result == NativeMethods.LZMA_STREAM_END);
            if (result != NativeMethods.LZMA_STREAM_END)
            {
                Check(result);
            }

            return step;
        }
    }

    protected override void Dispose(bool disposing)
    {
        Free();
        base.Dispose(disposing);
    }

    private void Check(int result)
    {
        switch (result)
        {
            // No progress was possible: the base class knows whether that is the end of the file.
            case NativeMethods.LZMA_OK or NativeMethods.LZMA_BUF_ERROR:
                return;
            case NativeMethods.LZMA_MEM_ERROR:
                throw new KleeneException("there is not enough memory to unpack this xz file");
            case NativeMethods.LZMA_MEMLIMIT_ERROR:
                throw Damaged($"unpacking needs more than {MemoryLimit >> 20} MiB of memory; repack it with a smaller dictionary");
            case NativeMethods.LZMA_FORMAT_ERROR:
                throw Damaged("what follows is not xz");
            case NativeMethods.LZMA_OPTIONS_ERROR:
                throw Damaged("it uses a filter that liblzma does not know");
            default:
                throw Damaged("the data are damaged");
        }
    }

    private void Free()
    {
        if (disposed)
        {
            return;
        }

        disposed = true;
        if (state->@internal != null)
        {
            NativeMethods.lzma_end(state);
        }

        NativeMemory.Free(state);
    }
}
