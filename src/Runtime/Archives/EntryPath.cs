namespace Kleene.Build.Runtime.Archives;

/// <summary>
/// An entry's name as a path below the root: no leading slash, no <c>.</c>, no <c>..</c>. All its parts end with a NUL, as system calls want them.
/// </summary>
internal readonly struct EntryPath
{
    private readonly byte[] text;
    private readonly int leaf;

    private EntryPath(byte[] text, int leaf)
    {
        this.text = text;
        this.leaf = leaf;
    }

    /// <summary>Whether it is the root itself.</summary>
    public bool IsRoot => text.Length == 1;

    /// <summary>Empty below the root; without the NUL.</summary>
    public ReadOnlySpan<byte> Parent => leaf == 0 ? [] : text.AsSpan(0, leaf - 1);

    /// <summary>The last name, with a NUL behind it.</summary>
    public ReadOnlySpan<byte> Leaf => text.AsSpan(leaf);

    /// <summary>The whole, without the NUL.</summary>
    public ReadOnlySpan<byte> Text => text.AsSpan(0, text.Length - 1);

    /// <exception cref="FormatException">The name climbs with <c>..</c>, or has a NUL in it.</exception>
    public static EntryPath Parse(ReadOnlySpan<byte> name)
    {
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
