using System.Buffers;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;
using Base64Codec = System.Buffers.Text.Base64;

namespace Kleene.Build.Runtime.Archives;

/// <summary>The records of pax extended headers (pax(1), "pax Extended Header"), for one entry or for all that follow. Values are bytes.</summary>
internal sealed class PaxRecords
{
    private const string SchilyXattr = "SCHILY.xattr.";
    private const string LibarchiveXattr = "LIBARCHIVE.xattr.";

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Dictionary<string, byte[]> records = new(StringComparer.Ordinal);

    public bool IsSparse => records.Keys.Any(key => key.StartsWith("GNU.sparse.", StringComparison.Ordinal));

    /// <summary>Adds the records of one extended header; of two for the same key the later counts.</summary>
    /// <exception cref="FormatException">They are not well formed.</exception>
    public void Add(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            // "LENGTH KEY=VALUE\n", where LENGTH counts all of it, also itself.
            var blank = text.IndexOf((byte)' ');
            if (blank <= 0 || !Utf8Parser.TryParse(text[..blank], out int length, out var digits) || digits != blank
                || length <= blank + 1 || length > text.Length || text[length - 1] != '\n')
            {
                throw new FormatException("a record of the extended header has a wrong length");
            }

            var record = text[(blank + 1)..(length - 1)];
            var equals = record.IndexOf((byte)'=');
            if (equals <= 0)
            {
                throw new FormatException("a record of the extended header has no key");
            }

            records[Key(record[..equals])] = record[(equals + 1)..].ToArray();
            text = text[length..];
        }
    }

    /// <summary>Makes these the records of an entry: what it does not say itself is taken from those for all entries.</summary>
    public void Inherit(PaxRecords global)
    {
        foreach (var (key, value) in global.records)
        {
            records.TryAdd(key, value);
        }
    }

    /// <summary>Null where nothing is said, also where an empty value takes back what was said for all entries.</summary>
    public byte[]? Find(string key) => records.TryGetValue(key, out var value) && value.Length > 0 ? value : null;

    /// <exception cref="FormatException">The value is no decimal number.</exception>
    public long? FindNumber(string key) =>
        Find(key) is not { } text ? null
        : Utf8Parser.TryParse(text, out long value, out var used) && used == text.Length ? value
        : throw new FormatException($"the extended header's '{key}' is not a number");

    /// <exception cref="FormatException">The value is no decimal number with or without a fraction.</exception>
    public TarTime? FindTime(string key) => Find(key) is { } text ? ParseTime(text, key) : null;

    /// <exception cref="FormatException">A name or a value is not well formed.</exception>
    public ImmutableArray<TarXattr> ReadXattrs()
    {
        SortedDictionary<string, byte[]>? found = null;
        foreach (var (key, value) in records)
        {
            if (key.StartsWith(SchilyXattr, StringComparison.Ordinal))
            {
                (found ??= new(StringComparer.Ordinal))[key[SchilyXattr.Length..]] = value;
            }
            else if (key.StartsWith(LibarchiveXattr, StringComparison.Ordinal))
            {
                // bsdtar writes each attribute in both ways; they agree.
                (found ??= new(StringComparer.Ordinal)).TryAdd(Uri.UnescapeDataString(key[LibarchiveXattr.Length..]), Base64(value, key));
            }
        }

        return found is null ? [] : [.. found.Select(pair => new TarXattr(pair.Key, pair.Value))];
    }

    private static string Key(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException("a key of the extended header is not UTF-8", e);
        }
    }

    private static TarTime ParseTime(ReadOnlySpan<byte> text, string key)
    {
        var negative = text[0] == '-';
        var point = text.IndexOf((byte)'.');
        var whole = point < 0 ? text : text[..point];
        var fraction = point < 0 ? [] : text[(point + 1)..];
        if (!Utf8Parser.TryParse(whole, out long seconds, out var used) || used != whole.Length || fraction.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            throw new FormatException($"the extended header's '{key}' is not a time");
        }

        var nanoseconds = 0;
        for (var i = 0; i < 9; i++)
        {
            nanoseconds = (nanoseconds * 10) + (i < fraction.Length ? fraction[i] - '0' : 0);
        }

        // -1.25 is 0.75 s after -2.
        return negative && nanoseconds > 0 ? new TarTime(seconds - 1, 1_000_000_000 - nanoseconds) : new TarTime(seconds, nanoseconds);
    }

    private static byte[] Base64(ReadOnlySpan<byte> text, string key)
    {
        // libarchive leaves out the padding at the end.
        var bare = text.TrimEnd((byte)'=');
        Span<byte> padded = new byte[(bare.Length + 3) / 4 * 4];
        padded.Fill((byte)'=');
        bare.CopyTo(padded);
        var value = new byte[Base64Codec.GetMaxDecodedFromUtf8Length(padded.Length)];
        return Base64Codec.DecodeFromUtf8(padded, value, out _, out var length) == OperationStatus.Done
            ? value[..length]
            : throw new FormatException($"the extended header's '{key}' is not base64");
    }
}
