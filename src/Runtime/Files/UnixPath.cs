using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// A path or file name as the kernel has it: bytes without NUL, of no particular encoding. As text, a byte that is not part of
/// UTF-8 becomes the lone surrogate U+DC80 to U+DCFF (as in Python's PEP 383), so that text and bytes convert to each other without loss.
/// </summary>
public readonly struct UnixPath : IEquatable<UnixPath>
{
    private const char FirstEscape = '\uDC00';

    private readonly byte[]? terminated;

    private UnixPath(byte[] terminated) => this.terminated = terminated;

    public static UnixPath Empty => default;

    public bool IsEmpty => terminated is null or { Length: 1 };

    public ReadOnlySpan<byte> Bytes => terminated.AsSpan()[..^(terminated is null ? 0 : 1)];

    /// <summary>The bytes with a NUL behind them, as system calls want them; an empty path is the directory itself.</summary>
    internal ReadOnlySpan<byte> Terminated => IsEmpty ? ".\0"u8 : terminated;

    /// <summary>What stands before the last slash.</summary>
    public UnixPath Parent => FromBytes(Bytes[..Math.Max(0, TrimmedEnd.LastIndexOf((byte)'/'))]);

    /// <summary>The last component, trailing slashes left out.</summary>
    public UnixPath Name => FromBytes(TrimmedEnd[(TrimmedEnd.LastIndexOf((byte)'/') + 1)..]);

    private ReadOnlySpan<byte> TrimmedEnd => Bytes.TrimEnd((byte)'/');

    public static implicit operator UnixPath(string text) => FromText(text);

    public static UnixPath operator /(UnixPath directory, UnixPath name) => directory.Append(name.Bytes);

    public static bool operator ==(UnixPath left, UnixPath right) => left.Equals(right);

    public static bool operator !=(UnixPath left, UnixPath right) => !left.Equals(right);

    /// <exception cref="ArgumentException">The text holds a NUL, which no path can.</exception>
    public static UnixPath FromText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bytes = new List<byte>(text.Length + 1);
        Span<byte> encoded = stackalloc byte[4];
        for (var i = 0; i < text.Length;)
        {
            if (Rune.TryGetRuneAt(text, i, out var rune))
            {
                bytes.AddRange(encoded[..rune.EncodeToUtf8(encoded)]);
                i += rune.Utf16SequenceLength;
            }
            else
            {
                var escaped = text[i++] - FirstEscape;
                bytes.Add(escaped is >= 0x80 and <= 0xff
                    ? (byte)escaped
                    : throw new ArgumentException($"'{text}' is not a path: it holds half of a character", nameof(text)));
            }
        }

        return FromBytes(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes));
    }

    /// <exception cref="ArgumentException">The bytes hold a NUL, which no path can.</exception>
    public static UnixPath FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Contains((byte)0))
        {
            throw new ArgumentException("a path cannot hold a NUL byte", nameof(bytes));
        }

        if (bytes.IsEmpty)
        {
            return default;
        }

        var copy = new byte[bytes.Length + 1];
        bytes.CopyTo(copy);
        return new UnixPath(copy);
    }

    /// <summary>This directory's entry of that name.</summary>
    public UnixPath Append(ReadOnlySpan<byte> name)
    {
        var directory = Bytes;
        if (directory.IsEmpty || name.IsEmpty)
        {
            return directory.IsEmpty ? FromBytes(name) : this;
        }

        var separator = directory[^1] == '/' ? 0 : 1;
        var joined = new byte[directory.Length + separator + name.Length + 1];
        directory.CopyTo(joined);
        joined[directory.Length] = (byte)'/';
        name.CopyTo(joined.AsSpan(directory.Length + separator));
        return new UnixPath(joined);
    }

    /// <summary>Orders by bytes.</summary>
    public int CompareTo(UnixPath other) => Bytes.SequenceCompareTo(other.Bytes);

    public bool Equals(UnixPath other) => Bytes.SequenceEqual(other.Bytes);

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is UnixPath other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>The path as text, which converts back to the same bytes.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Bytes.Length);
        for (var rest = Bytes; !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf8(rest, out var rune, out var consumed) == System.Buffers.OperationStatus.Done)
            {
                text.Append(rune.ToString());
                rest = rest[consumed..];
            }
            else
            {
                text.Append((char)(FirstEscape + rest[0]));
                rest = rest[1..];
            }
        }

        return text.ToString();
    }

    /// <summary>The path for people: what would disturb a terminal or cannot be encoded is shown as <c>\n</c> or <c>\xff</c>.</summary>
    public string ToDisplay()
    {
        var text = new StringBuilder(Bytes.Length);
        foreach (var character in ToString())
        {
            _ = character switch
            {
                '\n' => text.Append("\\n"),
                '\t' => text.Append("\\t"),
                >= '\uDC80' and <= '\uDCFF' when IsEscape(text) => text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\x{character - FirstEscape:x2}"),
                _ when char.IsControl(character) => text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\x{(int)character:x2}"),
                _ => text.Append(character),
            };
        }

        return text.ToString();
    }

    /// <summary>A low surrogate behind a high one is half of a real character.</summary>
    private static bool IsEscape(StringBuilder before) => before.Length == 0 || !char.IsHighSurrogate(before[^1]);
}
