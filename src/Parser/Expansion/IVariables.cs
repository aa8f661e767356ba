namespace Kleene.Build.Parser.Expansion;

/// <summary>What a word may refer to.</summary>
internal interface IVariables
{
    /// <summary>The value of a name; null when it is unset.</summary>
    string? Find(string name);
}
