using System.Collections.Immutable;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Expansion;

/// <summary>Why a word cannot be expanded.</summary>
internal enum ExpansionProblem
{
    UnterminatedQuote,
    BadSubstitution,
    RequiredVariable,
}

/// <summary>A complaint about a part of a word.</summary>
/// <param name="Problem">What kind of complaint.</param>
/// <param name="Offset">Where the part begins.</param>
/// <param name="Length">How long it is.</param>
/// <param name="Message">As a diagnostic says it.</param>
/// <param name="Variable">The variable that the word insists on; null for other problems.</param>
internal sealed record ExpansionError(ExpansionProblem Problem, int Offset, int Length, string Message, string? Variable = null);

/// <summary>A plain use of a name that has no value, and where in the word it stands.</summary>
internal readonly record struct UnsetVariable(string Name, int Offset, int Length)
{
    /// <summary>Asks for another variable instead; null where there is none to ask for.</summary>
    public TextEdit? Renamed(Word word, string? name)
    {
        var at = word.Text.IndexOf(Name, Offset, StringComparison.Ordinal);
        return name is null || at < 0 ? null : word.Slice(at, at + Name.Length).Replace(name);
    }
}

/// <summary>What became of a word.</summary>
/// <param name="Value">The text with quotes removed and variables replaced.</param>
/// <param name="Words">The same, split at blanks that are not quoted; blanks from variables split too.</param>
/// <param name="Unset">Names without a value, those with an alternative (<c>${x:-y}</c>) left out.</param>
/// <param name="Error">The first thing that made expansion stop; the value then means nothing.</param>
internal sealed record Expanded(string Value, ImmutableArray<string> Words, ImmutableArray<UnsetVariable> Unset, ExpansionError? Error);
