using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Kleene.Build.Runtime.Networks.Linux;

/// <summary>A message to the kernel as netlink(7) lays it out: a header, a structure, and attributes that may hold others. In the machine's byte order.</summary>
internal sealed class NetlinkMessage
{
    public const ushort Request = 0x1;
    public const ushort Acknowledge = 0x4;
    public const ushort Replace = 0x100;
    public const ushort Exclusive = 0x200;
    public const ushort Dump = 0x300;
    public const ushort Create = 0x400;
    public const ushort Append = 0x800;

    private const int HeaderSize = 16;
    private const ushort Nested = 0x8000;

    private byte[] buffer = new byte[512];

    public NetlinkMessage(ushort type, ushort flags)
    {
        Length = HeaderSize;
        MemoryMarshal.Write(buffer.AsSpan(4), type);
        MemoryMarshal.Write(buffer.AsSpan(6), flags);
    }

    public int Length { get; private set; }

    /// <summary>The structure behind the header.</summary>
    public NetlinkMessage Body<T>(in T body)
        where T : unmanaged
    {
        MemoryMarshal.Write(Take(Unsafe.SizeOf<T>()), in body);
        return this;
    }

    public NetlinkMessage Put(ushort type, ReadOnlySpan<byte> value)
    {
        var attribute = Take(4 + value.Length);
        MemoryMarshal.Write(attribute, (ushort)(4 + value.Length));
        MemoryMarshal.Write(attribute[2..], type);
        value.CopyTo(attribute[4..]);
        return this;
    }

    public NetlinkMessage Put(ushort type, byte value) => Put(type, [value]);

    public NetlinkMessage Put(ushort type, uint value) => Put(type, MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in value)));

    public NetlinkMessage Put(ushort type, string value) => Put(type, Encoding.ASCII.GetBytes(value + "\0"));

    public NetlinkMessage Put(ushort type, IPAddress value) => Put(type, value.GetAddressBytes());

    /// <summary>An attribute that holds what <paramref name="content"/> puts.</summary>
    public NetlinkMessage Nest(ushort type, Action<NetlinkMessage> content)
    {
        var start = Length;
        MemoryMarshal.Write(Take(4)[2..], (ushort)(type | Nested));
        content(this);
        MemoryMarshal.Write(buffer.AsSpan(start), (ushort)(Length - start));
        return this;
    }

    /// <summary>The whole, with its length and number in place.</summary>
    public ReadOnlySpan<byte> Finish(uint sequence)
    {
        MemoryMarshal.Write(buffer, (uint)Length);
        MemoryMarshal.Write(buffer.AsSpan(8), sequence);
        return buffer.AsSpan(0, Length);
    }

    /// <summary>The attributes in an answer, nested ones as they are.</summary>
    public static Dictionary<ushort, byte[]> Attributes(ReadOnlySpan<byte> bytes)
    {
        var found = new Dictionary<ushort, byte[]>();
        while (bytes.Length >= 4 && MemoryMarshal.Read<ushort>(bytes) is var length && length >= 4 && length <= bytes.Length)
        {
            found[(ushort)(MemoryMarshal.Read<ushort>(bytes[2..]) & 0x3fff)] = bytes[4..length].ToArray();
            bytes = bytes[Math.Min(bytes.Length, Aligned(length))..];
        }

        return found;
    }

    private static int Aligned(int length) => (length + 3) & ~3;

    private Span<byte> Take(int size)
    {
        var start = Length;
        Length += Aligned(size);
        if (Length > buffer.Length)
        {
            Array.Resize(ref buffer, Length * 2);
        }

        return buffer.AsSpan(start, size);
    }
}
