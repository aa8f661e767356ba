using System.Text;

namespace Kleene.Build.Runtime.Archives;

/// <summary>Text fields of tar headers: bytes of no declared encoding, ended by a NUL or by the end of the field.</summary>
internal static class TarText
{
    public static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }

    /// <summary>For messages: what is not UTF-8 is replaced, and nothing can move a terminal's cursor.</summary>
    public static string Display(ReadOnlySpan<byte> name)
    {
        const int Longest = 200;
        var text = Encoding.UTF8.GetString(name[..Math.Min(name.Length, Longest)]);
        var shown = string.Create(text.Length, text, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++)
            {
                target[i] = char.IsControl(source[i]) ? '?' : source[i];
            }
        });
        return name.Length > Longest ? shown + "..." : shown;
    }
}
