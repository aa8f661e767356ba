namespace Kleene.Build.Parser.Syntax;

/// <summary>How the characters of a word become its value.</summary>
internal enum WordReading
{
    /// <summary>Quotes go, variables are replaced, blanks stay.</summary>
    Expanded,

    /// <summary>The same, and of several blanks that are not quoted one is left, as of the arguments of echo.</summary>
    Echoed,

    /// <summary>The characters are the value.</summary>
    Literal,
}
