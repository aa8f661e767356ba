using System.Buffers;
using System.Security.Cryptography;

namespace Kleene.Build.Runtime.Fetching;

/// <summary>What a file has to hash to, as <c>--checksum</c> names it: <c>sha256:</c>, <c>sha384:</c> or <c>sha512:</c> and the digits.</summary>
public readonly record struct FileChecksum
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    private FileChecksum(HashAlgorithmName algorithm, string text)
    {
        Algorithm = algorithm;
        Text = text;
    }

    public HashAlgorithmName Algorithm { get; }

    /// <summary>As it was given.</summary>
    public string Text { get; }

    /// <exception cref="KleeneException">It is none.</exception>
    public static FileChecksum Parse(string text)
    {
        var (algorithm, size) = text.Split(':')[0] switch
        {
            "sha256" => (HashAlgorithmName.SHA256, SHA256.HashSizeInBytes),
            "sha384" => (HashAlgorithmName.SHA384, SHA384.HashSizeInBytes),
            "sha512" => (HashAlgorithmName.SHA512, SHA512.HashSizeInBytes),
            _ => throw new KleeneException($"'{text}' is no checksum of a file; write 'sha256:' and 64 digits"),
        };
        var digits = text.AsSpan(algorithm.Name!.Length + 1); // These three have names.
        return digits.Length == 2 * size && !digits.ContainsAnyExcept(Digits)
            ? new FileChecksum(algorithm, text)
            : throw new KleeneException($"'{text}' is no checksum; after the colon stand {2 * size} digits, 0-9 and a-f");
    }

    /// <param name="hash">Of the file, by <see cref="Algorithm"/>.</param>
    public string Format(ReadOnlySpan<byte> hash) => $"{Text[..Text.IndexOf(':', StringComparison.Ordinal)]}:{Convert.ToHexStringLower(hash)}";
}
