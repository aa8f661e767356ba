namespace Kleene.Build.Parser.Expansion;

/// <summary>What a word may refer to.</summary>
internal interface IVariables
{
    /// <summary>Every name that has been declared, for suggestions.</summary>
    IEnumerable<string> Names { get; }

    /// <summary>The value of a name; null when it is unset.</summary>
    string? Find(string name);
}
