namespace Kleene.Build.Parser.Formatting;

/// <summary>A part of an instruction that is kept character for character; what stands between two of them is layout.</summary>
/// <param name="Start">Where it begins in the text of the line.</param>
/// <param name="End">Where it ends.</param>
internal readonly record struct Lexeme(int Start, int End)
{
    /// <summary>What comes before it where the author does not break the line.</summary>
    public string Gap { get; init; } = " ";

    /// <summary>Whether it is a word of the language, which is written in upper case.</summary>
    public bool IsKeyword { get; init; }

    /// <summary>Whether it is the text of a command, whose own lines keep their indentation.</summary>
    public bool IsText { get; init; }

    /// <summary>As it is to be written.</summary>
    public string Spell(string text) => IsKeyword ? text.ToUpperInvariant() : text;
}
