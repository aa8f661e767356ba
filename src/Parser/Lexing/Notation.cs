namespace Kleene.Build.Parser.Lexing;

/// <summary>How a file is written: what its directives say of all its lines.</summary>
/// <param name="EscapeCharacter">Joins lines and makes the next character literal.</param>
/// <param name="Dialect">Whose reading of the words it asks for.</param>
internal sealed record Notation(char EscapeCharacter, Dialect Dialect)
{
    /// <summary>Of a file without directives.</summary>
    public static Notation Default { get; } = new('\\', Dialect.Docker);
}
