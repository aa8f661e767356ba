using System.Globalization;
using System.Text;

namespace Kleene.Build.Runtime.Tests.Archives;

/// <summary>Writes tar archives byte by byte, so that tests can write what no tool would.</summary>
internal sealed class TarBytes
{
    private readonly List<byte> bytes = [];

    public TarBytes File(string name, string content = "", int mode = 0x1A4, string? size = null) =>
        File(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(content), mode, size);

    public TarBytes File(byte[] name, byte[] content, int mode = 0x1A4, string? size = null)
    {
        Header('0', name, size: size ?? Octal(content.Length), mode: mode);
        return Data(content);
    }

    public TarBytes Directory(string name, int mode = 0x1ED) => Header('5', Encoding.UTF8.GetBytes(name), mode: mode);

    public TarBytes SymbolicLink(string name, string target) => Header('2', Encoding.UTF8.GetBytes(name), link: Encoding.UTF8.GetBytes(target));

    public TarBytes HardLink(string name, string target) => Header('1', Encoding.UTF8.GetBytes(name), link: Encoding.UTF8.GetBytes(target));

    public TarBytes Device(char type, string name, string major, string minor) =>
        Header(type, Encoding.UTF8.GetBytes(name), patch: block =>
        {
            Put(block, 329, major);
            Put(block, 337, minor);
        });

    public TarBytes Pax(params (string Key, byte[] Value)[] records) => Pax('x', records);

    public TarBytes Pax(char type, params (string Key, byte[] Value)[] records) =>
        Extension(type, [.. records.SelectMany(record => PaxRecord(record.Key, record.Value))]);

    /// <summary>An extended header: GNU's long names, or pax records however wrong.</summary>
    public TarBytes Extension(char type, byte[] content)
    {
        Header(type, "./header"u8.ToArray(), size: Octal(content.Length));
        return Data(content);
    }

    /// <param name="patch">Changes the block before its checksum is taken.</param>
    public TarBytes Header(
        char type, byte[] name, byte[]? link = null, string? size = null, int mode = 0x1A4, Action<byte[]>? patch = null)
    {
        var block = new byte[512];
        name.AsSpan(0, Math.Min(name.Length, 100)).CopyTo(block);
        Put(block, 100, Convert.ToString(mode, 8).PadLeft(7, '0'));
        Put(block, 108, Octal(0)[4..]);
        Put(block, 116, Octal(0)[4..]);
        Put(block, 124, size ?? Octal(0));
        Put(block, 136, Octal(1_600_000_000));
        block[156] = (byte)type;
        link?.AsSpan(0, Math.Min(link.Length, 100)).CopyTo(block.AsSpan(157));
        Put(block, 257, "ustar\000");
        patch?.Invoke(block);
        Sign(block);
        bytes.AddRange(block);
        return this;
    }

    public TarBytes Data(byte[] content)
    {
        bytes.AddRange(content);
        bytes.AddRange(new byte[(512 - (content.Length % 512)) % 512]);
        return this;
    }

    /// <summary>The archive with the blocks of zeros at its end.</summary>
    public byte[] End()
    {
        bytes.AddRange(new byte[1024]);
        return [.. bytes];
    }

    /// <summary>The archive as far as it got.</summary>
    public byte[] Torn() => [.. bytes];

    public static string Octal(long value) => Convert.ToString(value, 8).PadLeft(11, '0');

    public static void Put(byte[] block, int offset, string text) => Encoding.Latin1.GetBytes(text).CopyTo(block, offset);

    public static byte[] PaxRecord(string key, byte[] value)
    {
        var rest = Encoding.UTF8.GetByteCount(key) + value.Length + 3;
        var length = rest + 1;
        while (length.ToString(CultureInfo.InvariantCulture).Length + rest != length)
        {
            length++;
        }

        return [.. Encoding.UTF8.GetBytes($"{length} {key}="), .. value, (byte)'\n'];
    }

    public static void Sign(byte[] block)
    {
        Put(block, 148, "        ");
        Put(block, 148, Convert.ToString(block.Sum(b => (int)b), 8).PadLeft(6, '0') + "\0 ");
    }
}
