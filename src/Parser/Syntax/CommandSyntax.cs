using System.Collections.Immutable;

namespace Kleene.Build.Parser.Syntax;

/// <summary>What RUN, CMD and ENTRYPOINT take.</summary>
internal abstract record CommandSyntax
{
    private CommandSyntax()
    {
    }

    /// <summary>Text for the shell of the stage.</summary>
    public sealed record Shell(Word Text) : CommandSyntax;

    /// <summary>A JSON array: the program and its arguments.</summary>
    public sealed record Exec(ImmutableArray<Word> Arguments) : CommandSyntax;
}
