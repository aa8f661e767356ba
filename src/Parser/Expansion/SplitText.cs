using System.Collections.Immutable;
using System.Text;

namespace Kleene.Build.Parser.Expansion;

/// <summary>Text that grows and remembers where its words end.</summary>
internal sealed class SplitText
{
    private readonly List<string> words = [];
    private readonly StringBuilder current = new();

    public StringBuilder Text { get; } = new();

    public void AddSplitting(char c)
    {
        Text.Append(c);
        if (!char.IsWhiteSpace(c))
        {
            current.Append(c);
        }
        else if (current.Length > 0)
        {
            words.Add(current.ToString());
            current.Clear();
        }
    }

    public void AddSplitting(string text)
    {
        foreach (var c in text)
        {
            AddSplitting(c);
        }
    }

    public void AddQuoted(char c)
    {
        Text.Append(c);
        current.Append(c);
    }

    public void AddQuoted(string text)
    {
        Text.Append(text);
        current.Append(text);
    }

    /// <summary>Words that came out empty are none.</summary>
    public ImmutableArray<string> Words() => current.Length > 0 ? [.. words, current.ToString()] : [.. words];
}
