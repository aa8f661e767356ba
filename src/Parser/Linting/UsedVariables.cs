using Kleene.Build.Parser.Expansion;

namespace Kleene.Build.Parser.Linting;

/// <summary>The variables that a word asks for, and what it comes to when each of them has one value.</summary>
internal sealed class UsedVariables : IVariables
{
    private readonly List<string> names = [];
    private readonly string? standIn;

    private UsedVariables(string? standIn) => this.standIn = standIn;

    /// <summary>Each once, in the order of the word; null when it cannot be expanded.</summary>
    public static (IReadOnlyList<string> Names, string Value)? In(string word, char escape, string? standIn)
    {
        var used = new UsedVariables(standIn);
        var expanded = WordExpander.Expand(word, used, escape);
        return expanded.Error is null ? (used.names, expanded.Value) : null;
    }

    public string? Find(string name)
    {
        if (!names.Contains(name))
        {
            names.Add(name);
        }

        return standIn;
    }
}
