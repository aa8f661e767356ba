namespace Kleene.Build.Runtime.Archives;

/// <summary>
/// An entry's name as a path below the root: no leading slash, no <c>.</c>, no <c>..</c>.
/// </summary>
internal readonly struct EntryPath
{
    /// <summary>limits.h, PATH_MAX with its NUL. Without a bound, a name of a million slashes would be a million directories.</summary>
    private const int LongestPath = 4096;

    private readonly byte[] text;
    private readonly int leaf;

    private EntryPath(byte[] text, int leaf)
    {
        this.text = text;
        this.leaf = leaf;
    }

    /// <summary>Whether it is the root itself.</summary>
    public bool IsRoot => text.Length == 1;

    public ReadOnlySpan<byte> Bytes => text.AsSpan(0, text.Length - 1);

    /// <summary>The directory it is in; empty for the root.</summary>
    public ReadOnlySpan<byte> Parent => leaf == 0 ? [] : text.AsSpan(0, leaf - 1);

    /// <summary>The last name with a NUL behind it, as system calls want it.</summary>
    public ReadOnlySpan<byte> Leaf => text.AsSpan(leaf);

    /// <exception cref="FormatException">The name climbs with <c>..</c>, is too long or has a NUL in it.</exception>
    public static EntryPath Parse(ReadOnlySpan<byte> name)
    {
        if (name.Length >= LongestPath)
        {
            throw new FormatException("its name is longer than a path can be");
        }

        if (name.Contains((byte)0))
        {
            throw new FormatException("its name has a NUL in it");
        }

        var buffer = new byte[name.Length + 1];
        var length = 0;
        var leaf = 0;
        foreach (var range in name.Split((byte)'/'))
        {
            var part = name[range];
            if (part is [] or [(byte)'.'])
            {
                continue;
            }

            if (part is [(byte)'.', (byte)'.'])
            {
                throw new FormatException("its name climbs with '..'");
            }

            if (length > 0)
            {
                buffer[length++] = (byte)'/';
            }

            leaf = length;
            part.CopyTo(buffer.AsSpan(length));
            length += part.Length;
        }

        return new EntryPath(buffer[..(length + 1)], leaf);
    }
}
