namespace Kleene.Build.Parser.Syntax;

/// <summary>What the arguments of an instruction are made of, and so which blanks between them mean nothing.</summary>
internal enum ArgumentShape
{
    /// <summary>One text; every blank in it counts.</summary>
    Text,

    /// <summary>Words between blanks.</summary>
    Words,

    /// <summary>Words between blanks, or a JSON array.</summary>
    WordsOrArray,

    /// <summary><c>NAME=value</c> between blanks, or <c>NAME text</c>.</summary>
    Pairs,

    /// <summary><c>NAME</c> or <c>NAME=value</c> between blanks.</summary>
    Declarations,

    /// <summary>A text, or a JSON array.</summary>
    Command,

    /// <summary><c>CMD</c> and a command, or <c>NONE</c>.</summary>
    Check,

    /// <summary>Words between blanks that are not quoted, <c>IF</c> among them.</summary>
    Condition,
}
