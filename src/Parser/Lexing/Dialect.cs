namespace Kleene.Build.Parser.Lexing;

/// <summary>Whose reading of the words a file asks for by <c># syntax=</c>.</summary>
internal enum Dialect
{
    /// <summary>No such line: Docker's reading where Docker and Kleene disagree, with everything that is added to either.</summary>
    Docker,

    /// <summary><c># syntax=kleene</c>: Kleene's reading where they disagree.</summary>
    Kleene,

    /// <summary>Another builder's language, as in <c># syntax=docker/dockerfile:1</c>: Docker's reading, and nothing that Docker does not know.</summary>
    Foreign,
}

/// <summary>Questions that are asked about dialects.</summary>
internal static class Dialects
{
    /// <summary>The dialect that the value of a syntax directive names; null, where there is no directive, is Docker's.</summary>
    public static Dialect Named(string? syntax)
    {
        if (syntax is null)
        {
            return Dialect.Docker;
        }

        // A tag may follow, and what is behind a blank is for whoever reads the language.
        var end = syntax.AsSpan().IndexOfAny(':', ' ', '\t');
        var name = end < 0 ? syntax : syntax[..end];
        return name.Equals("kleene", StringComparison.OrdinalIgnoreCase) ? Dialect.Kleene : Dialect.Foreign;
    }

    /// <summary>Whether what this builder adds to the language (<c>INCLUDE</c>, <c>IF</c>, <c>--if-exists</c>) is part of it.</summary>
    public static bool HasAdditions(this Dialect dialect) => dialect != Dialect.Foreign;
}
