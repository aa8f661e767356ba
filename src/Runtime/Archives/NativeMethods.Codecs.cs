using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Archives;

/// <summary>liblzma (lzma/base.h, lzma/container.h) and libzstd (zstd.h).</summary>
internal static unsafe partial class NativeMethods
{
    public const int LZMA_OK = 0;
    public const int LZMA_STREAM_END = 1;
    public const int LZMA_MEM_ERROR = 5;
    public const int LZMA_MEMLIMIT_ERROR = 6;
    public const int LZMA_FORMAT_ERROR = 7;
    public const int LZMA_OPTIONS_ERROR = 8;
    public const int LZMA_BUF_ERROR = 10;
    public const int LZMA_RUN = 0;
    public const int LZMA_FINISH = 3;
    public const uint LZMA_CONCATENATED = 0x08;

    private const string Lzma = "liblzma.so.5";
    private const string Zstandard = "libzstd.so.1";

    [LibraryImport(Lzma)]
    public static partial int lzma_stream_decoder(lzma_stream* stream, ulong memlimit, uint flags);

    [LibraryImport(Lzma)]
    public static partial int lzma_code(lzma_stream* stream, int action);

    [LibraryImport(Lzma)]
    public static partial void lzma_end(lzma_stream* stream);

    [LibraryImport(Zstandard)]
    public static partial nint ZSTD_createDStream();

    [LibraryImport(Zstandard)]
    public static partial nuint ZSTD_freeDStream(nint decoder);

    [LibraryImport(Zstandard)]
    public static partial nuint ZSTD_decompressStream(nint decoder, ZSTD_outBuffer* output, ZSTD_inBuffer* input);

    [LibraryImport(Zstandard)]
    public static partial uint ZSTD_isError(nuint code);

    [LibraryImport(Zstandard)]
    public static partial nint ZSTD_getErrorName(nuint code);

    [StructLayout(LayoutKind.Sequential)]
    internal struct lzma_stream
    {
        public byte* next_in;
        public nuint avail_in;
        public ulong total_in;
        public byte* next_out;
        public nuint avail_out;
        public ulong total_out;
        public void* allocator;
        public void* @internal;
        public void* reserved_ptr1;
        public void* reserved_ptr2;
        public void* reserved_ptr3;
        public void* reserved_ptr4;
        public ulong seek_pos;
        public ulong reserved_int2;
        public nuint reserved_int3;
        public nuint reserved_int4;
        public int reserved_enum1;
        public int reserved_enum2;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ZSTD_inBuffer
    {
        public byte* src;
        public nuint size;
        public nuint pos;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ZSTD_outBuffer
    {
        public byte* dst;
        public nuint size;
        public nuint pos;
    }
}
