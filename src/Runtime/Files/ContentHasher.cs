using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Kleene.Build.Runtime.Images;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// Hashes file content. Once a process has hashed more than a megabyte it changes over to the system's library, which takes
/// milliseconds to start and is then several times faster; where that library is missing, the managed hash goes on.
/// For one thread at a time.
/// </summary>
public sealed class ContentHasher : IDisposable
{
    private const int BufferSize = 128 * 1024;
    private const long WorthTheLibrary = 1024 * 1024;

    /// <summary>The names that the framework's own loader tries; it ends the process when it finds none, so we look first.</summary>
    private static readonly Lazy<bool> HasLibrary = new(() =>
    {
        ReadOnlySpan<string> names = ["libssl.so.3", "libssl.so.1.1", "libssl.so.35", "libssl.so.30", "libssl.so.111"];
        foreach (var name in names)
        {
            // Stays loaded: the framework is about to ask for the same one.
            if (NativeLibrary.TryLoad(name, out _))
            {
                return true;
            }
        }

        return false;
    });

    private static long hashedByProcess;

    private readonly Sha256Hasher managed = new();
    private readonly byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferSize);
    private IncrementalHash? library;
    private bool usesLibrary;

    /// <summary>For the owner's own reading and writing while no hash is under way.</summary>
    internal Span<byte> Buffer => buffer;

    /// <summary>For the owner's own small hashes.</summary>
    internal Sha256Hasher Small => managed;

    /// <summary>Hashes a stream from where it stands to its end.</summary>
    public Digest Hash(Stream content)
    {
        Begin(content.CanSeek ? content.Length : long.MaxValue);
        for (int length; (length = content.Read(buffer)) > 0;)
        {
            Append(buffer.AsSpan(0, length));
        }

        return Finish();
    }

    /// <summary>Hashes an open file from where it stands, as far as it was long when it was asked; whether it still is, the caller finds out.</summary>
    /// <returns>False when it cannot be read; the reason is in errno.</returns>
    internal bool TryHash(SafeFileHandle file, long size, CancellationToken cancellationToken, out Digest digest)
    {
        Begin(size);
        var length = 0;
        for (var rest = size; rest > 0 && (length = FileCalls.Read(file, buffer)) > 0; rest -= length)
        {
            Append(buffer.AsSpan(0, length));
            if (cancellationToken.IsCancellationRequested)
            {
                // The hash under way would otherwise be the start of the next.
                Finish();
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        digest = Finish();
        return length >= 0;
    }

    public void Dispose() => library?.Dispose();

    /// <summary>The choice holds for a whole content: one hash cannot continue the other.</summary>
    internal void Begin(long size)
    {
        var hashed = Interlocked.Add(ref hashedByProcess, Math.Min(size, WorthTheLibrary + 1));
        usesLibrary = hashed > WorthTheLibrary && HasLibrary.Value;
        if (usesLibrary)
        {
            library ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        }
    }

    internal void Append(ReadOnlySpan<byte> content)
    {
        if (usesLibrary)
        {
            library!.AppendData(content); // Begin made it.
        }
        else
        {
            managed.Append(content);
        }
    }

    internal Digest Finish()
    {
        if (!usesLibrary)
        {
            return managed.Finish();
        }

        Span<byte> hash = stackalloc byte[Digest.Size];
        library!.GetHashAndReset(hash); // Begin made it.
        return new Digest(hash);
    }
}
