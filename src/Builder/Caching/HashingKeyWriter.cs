using System.Buffers.Binary;
using System.Text;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Caching;

/// <summary>Hashes fields into a key: SHA-256 over every name and value, each after its length in bytes.</summary>
internal sealed class HashingKeyWriter : IKeyWriter
{
    private readonly Sha256Hasher hasher = new();

    public void Field(string name, string value)
    {
        Append(name);
        Append(value);
    }

    public void Field(string name, IReadOnlyList<string> values)
    {
        Append(name);
        Length(values.Count);
        foreach (var value in values)
        {
            Append(value);
        }
    }

    public void Environment(string name, IReadOnlyList<string> entries, IReadOnlyList<VariableOrigin> origins) => Field(name, entries);

    public void Reads(string name, IReadOnlyList<ReadInput> inputs) => Field(name, string.Join('\n', inputs.Select(input => input.Identity)));

    /// <summary><c>sha256:</c> and 64 hexadecimal digits.</summary>
    public string Finish() => hasher.Finish().ToString();

    private void Append(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Length(bytes.Length);
        hasher.Append(bytes);
    }

    private void Length(int length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        hasher.Append(bytes);
    }
}
