using System.Buffers.Binary;
using System.Numerics;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// SHA-256 (FIPS 180-4) in managed code, piece by piece. For keys and other small things: the system's library costs milliseconds
/// to start and is missing from some Linux roots under FreeBSD, where asking for it ends the process. See <see cref="ContentHasher"/> for files.
/// </summary>
public sealed class Sha256Hasher
{
    private const int BlockSize = 64;
    private const int LengthField = 8;

    private readonly uint[] state = new uint[8];
    private readonly byte[] partial = new byte[BlockSize];
    private int partialLength;
    private ulong totalLength;

    public Sha256Hasher() => Reset();

    /// <summary>FIPS 180-4 section 4.2.2: the fractional parts of the cube roots of the first 64 primes.</summary>
    private static ReadOnlySpan<uint> RoundConstants =>
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    public static Digest Hash(ReadOnlySpan<byte> content)
    {
        var hasher = new Sha256Hasher();
        hasher.Append(content);
        return hasher.Finish();
    }

    public void Append(ReadOnlySpan<byte> content)
    {
        totalLength += (ulong)content.Length;
        if (partialLength > 0)
        {
            var taken = Math.Min(BlockSize - partialLength, content.Length);
            content[..taken].CopyTo(partial.AsSpan(partialLength));
            partialLength += taken;
            content = content[taken..];
            if (partialLength < BlockSize)
            {
                return;
            }

            Compress(partial);
            partialLength = 0;
        }

        var whole = content.Length - (content.Length % BlockSize);
        Compress(content[..whole]);
        content[whole..].CopyTo(partial);
        partialLength = content.Length - whole;
    }

    /// <summary>A field whose end cannot be mistaken: its length, then its bytes.</summary>
    public void AppendField(ReadOnlySpan<byte> field)
    {
        AppendNumber(field.Length);
        Append(field);
    }

    public void AppendNumber(int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        Append(bytes);
    }

    public void AppendDigest(Digest digest)
    {
        Span<byte> bytes = stackalloc byte[Digest.Size];
        digest.CopyTo(bytes);
        Append(bytes);
    }

    /// <summary>The digest of all that was appended; the hasher is empty again afterwards.</summary>
    public Digest Finish()
    {
        Span<byte> hash = stackalloc byte[Digest.Size];
        Finish(hash);
        return new Digest(hash);
    }

    /// <summary>Writes the hash of all that was appended; the hasher is empty again afterwards.</summary>
    public void Finish(Span<byte> hash)
    {
        Span<byte> padding = stackalloc byte[2 * BlockSize];
        padding.Clear();
        padding[0] = 0x80;
        var used = partialLength + 1 + LengthField <= BlockSize ? BlockSize : 2 * BlockSize;
        var length = used - partialLength;
        BinaryPrimitives.WriteUInt64BigEndian(padding[(length - LengthField)..], totalLength * 8);
        Append(padding[..length]);

        for (var i = 0; i < state.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(hash[(4 * i)..], state[i]);
        }

        Reset();
    }

    private void Reset()
    {
        ReadOnlySpan<uint> initial = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
        initial.CopyTo(state);
        partialLength = 0;
        totalLength = 0;
    }

    private void Compress(ReadOnlySpan<byte> blocks)
    {
        Span<uint> schedule = stackalloc uint[64];
        var constants = RoundConstants;
        for (; blocks.Length > 0; blocks = blocks[BlockSize..])
        {
            for (var t = 0; t < 16; t++)
            {
                schedule[t] = BinaryPrimitives.ReadUInt32BigEndian(blocks[(4 * t)..]);
            }

            for (var t = 16; t < schedule.Length; t++)
            {
                var w15 = schedule[t - 15];
                var w2 = schedule[t - 2];
                var sigma0 = BitOperations.RotateRight(w15, 7) ^ BitOperations.RotateRight(w15, 18) ^ (w15 >> 3);
                var sigma1 = BitOperations.RotateRight(w2, 17) ^ BitOperations.RotateRight(w2, 19) ^ (w2 >> 10);
                schedule[t] = schedule[t - 16] + sigma0 + schedule[t - 7] + sigma1;
            }

            uint a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
            for (var t = 0; t < schedule.Length; t++)
            {
                var sum1 = BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25);
                var choice = g ^ (e & (f ^ g));
                var t1 = h + sum1 + choice + constants[t] + schedule[t];
                var sum0 = BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22);
                var majority = (a & b) | (c & (a | b));
                h = g;
                g = f;
                f = e;
                e = d + t1;
                d = c;
                c = b;
                b = a;
                a = t1 + sum0 + majority;
            }

            state[0] += a;
            state[1] += b;
            state[2] += c;
            state[3] += d;
            state[4] += e;
            state[5] += f;
            state[6] += g;
            state[7] += h;
        }
    }
}
