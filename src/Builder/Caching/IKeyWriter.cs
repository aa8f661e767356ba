using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Builder.Caching;

/// <summary>Receives the inputs of a step in a fixed order. One function lists them, so that what is hashed and what is explained cannot drift apart.</summary>
internal interface IKeyWriter
{
    void Field(string name, string value);

    /// <summary>A list: its length is an input too, so that no two lists read alike.</summary>
    void Field(string name, IReadOnlyList<string> values);

    /// <summary>What a command finds in its environment. Where an entry is from is only told, and is no input.</summary>
    void Environment(string name, IReadOnlyList<string> entries, IReadOnlyList<VariableOrigin> origins);

    /// <summary>What is read beside the parent. Only what identifies it is an input.</summary>
    void Reads(string name, IReadOnlyList<ReadInput> inputs);
}
