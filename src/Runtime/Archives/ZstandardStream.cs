using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Archives;

/// <summary>Unpacks .zst by libzstd: any number of frames, one after the other.</summary>
internal sealed unsafe class ZstandardStream : DecoderStream
{
    private nint decoder;
    private bool betweenFrames = true;

    public ZstandardStream(PeekStream source)
        : base(source, "zstd")
    {
        decoder = Load("libzstd.so.1", "libzstd1", NativeMethods.ZSTD_createDStream);
        if (decoder == 0)
        {
            throw new KleeneException("there is not enough memory to unpack this zstd file");
        }
    }

    protected override DecoderStep Decode(ReadOnlySpan<byte> data, Span<byte> output, bool inputEnded)
    {
        if (inputEnded && data.IsEmpty && betweenFrames)
        {
            return new DecoderStep(0, 0, Finished: true);
        }

        fixed (byte* from = data)
        fixed (byte* to = output)
        {
            var input = new NativeMethods.ZSTD_inBuffer { src = from, size = (nuint)data.Length };
            var target = new NativeMethods.ZSTD_outBuffer { dst = to, size = (nuint)output.Length };

            // zstd.h: 0 means that a frame is complete and flushed, anything else a hint of what is still needed.
            var result = NativeMethods.ZSTD_decompressStream(decoder, &target, &input);
            if (NativeMethods.ZSTD_isError(result) != 0)
            {
                throw Damaged(Marshal.PtrToStringUTF8(NativeMethods.ZSTD_getErrorName(result))?.ToLowerInvariant() ?? "the data are damaged");
            }

            betweenFrames = result == 0;
            return new DecoderStep((int)input.pos, (int)target.pos, Finished: false);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (decoder != 0)
        {
            _ = NativeMethods.ZSTD_freeDStream(decoder);
            decoder = 0;
        }

        base.Dispose(disposing);
    }
}
