namespace Kleene.Build.Runtime.Files;

/// <summary>
/// The identity and times of all files that a walk met, in one number that does not depend on their order. Two walks of a tree that
/// nobody changed in between have the same; it tells whether what was copied is what was hashed.
/// </summary>
public sealed class TreeFingerprint
{
    private long sum;

    public ulong Value => (ulong)Interlocked.Read(ref sum);

    internal void Add(in FileStatus status) => Interlocked.Add(ref sum, (long)StampOf(status));

    /// <summary>What one file adds.</summary>
    internal static ulong StampOf(in FileStatus status)
    {
        var hash = Mix(status.Inode);
        hash = Mix(hash ^ (ulong)status.Size);
        hash = Mix(hash ^ (ulong)status.Modified.TotalNanoseconds);
        return Mix(hash ^ (ulong)status.Changed.TotalNanoseconds);
    }

    /// <summary>A bijection that spreads every bit over the word (an xor-multiply-shift round).</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9e3779b97f4a7c15;
        value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93;
        value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93;
        return value ^ (value >> 32);
    }
}
