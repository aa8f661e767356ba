using System.Security.Cryptography;
using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Fetching;

/// <summary>
/// Files from HTTP servers, kept by their content. What an address led to is remembered, and the server is asked only whether it
/// still does (RFC 9110, 13.1). It is a cache: its directory may be removed at any time no command runs.
/// </summary>
/// <param name="directory">Made when it is needed.</param>
public sealed class DownloadCache(string directory, TimeProvider clock) : IDisposable
{
    /// <summary>What nobody has asked for in this time is removed when something new comes.</summary>
    private static readonly TimeSpan Keep = TimeSpan.FromDays(30);

    private readonly Lazy<WebClient> web = new(() => new WebClient(TimeSpan.FromSeconds(60)));

    /// <summary>The file that an address leads to now.</summary>
    /// <param name="checksum">What it has to hash to; a file that is here and does is taken without asking anybody.</param>
    /// <exception cref="KleeneException">It cannot be fetched or stored, or is another file than the checksum says.</exception>
    public async Task<Download> GetAsync(Uri address, FileChecksum? checksum, CancellationToken cancellationToken)
    {
        try
        {
            // Another address with this content would not do: the time that the server gives is part of the answer.
            if (checksum is { } asked && Known(address) is { } record && record.Digest.ToString() == asked.Text)
            {
                return Take(record);
            }

            var download = await FetchAsync(address, cancellationToken);
            if (checksum is { } expected)
            {
                Verify(download, expected, address);
            }

            return download;
        }
        catch (IOException exception)
        {
            throw new KleeneException(
                exception.HResult == Errno.ENOSPC
                    ? $"no space is left below '{directory}' for '{WebClient.Shown(address)}'; make room, or choose another state directory with --root"
                    : $"cannot store '{WebClient.Shown(address)}' below '{directory}': {exception.Message}",
                exception);
        }
    }

    public void Dispose()
    {
        if (web.IsValueCreated)
        {
            web.Value.Dispose();
        }
    }

    private async Task<Download> FetchAsync(Uri address, CancellationToken cancellationToken)
    {
        var known = Known(address);
        using var answer = await web.Value.GetAsync(address, known is { Validator.IsUseful: true } ? known.Validator : null, cancellationToken);
        if (answer.Body is not { } body)
        {
            // Only who had something to ask with gets this answer.
            return Take(known!);
        }

        Directory.CreateDirectory(Path.Join(directory, "sha256"));
        Directory.CreateDirectory(Path.Join(directory, "addresses"));
        RemoveOld();
        var digest = await Task.Run(() => Store(body), cancellationToken);
        var fetched = new DownloadRecord(WebClient.Shown(address), digest, answer.Validator);
        await WriteAsync(RecordOf(address), fetched.Write(), cancellationToken);
        return new Download(FileOf(digest), digest, fetched.Modified);
    }

    /// <summary>Writes beside and renames when all is there: what has its name is complete.</summary>
    private Digest Store(Stream body)
    {
        var part = Path.Join(directory, $"{Guid.NewGuid():n}.part");
        try
        {
            Digest digest;
            // Ours: asking for the system's ends the process where it is not there (see Sha256Hasher).
            var hash = new Sha256Hasher();
            using (var file = new FileStream(part, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                var buffer = new byte[128 * 1024];
                while (body.Read(buffer) is > 0 and var count)
                {
                    hash.Append(buffer.AsSpan(0, count));
                    file.Write(buffer, 0, count);
                }

                digest = hash.Finish();

                // A name that outlives a crash of the machine must not be one of an empty file.
                file.Flush(flushToDisk: true);
            }

            File.Move(part, FileOf(digest), overwrite: true);
            return digest;
        }
        finally
        {
            File.Delete(part);
        }
    }

    private static void Verify(Download download, FileChecksum expected, Uri address)
    {
        using var file = File.OpenRead(download.Path);
        using var hash = IncrementalHash.CreateHash(expected.Algorithm);
        var buffer = new byte[128 * 1024];
        while (file.Read(buffer) is > 0 and var count)
        {
            hash.AppendData(buffer, 0, count);
        }

        if (expected.Format(hash.GetHashAndReset()) is var actual && actual != expected.Text)
        {
            throw new KleeneException($"'{WebClient.Shown(address)}' is not the file that --checksum asks for: it has {actual}, not {expected.Text}");
        }
    }

    /// <summary>What the address led to, if that is still here.</summary>
    private DownloadRecord? Known(Uri address) =>
        File.Exists(RecordOf(address)) && DownloadRecord.TryRead(File.ReadAllText(RecordOf(address))) is { } record && File.Exists(FileOf(record.Digest))
            ? record
            : null;

    /// <summary>Takes the file, and notes that somebody has.</summary>
    private Download Take(DownloadRecord record)
    {
        File.SetLastWriteTimeUtc(FileOf(record.Digest), clock.GetUtcNow().UtcDateTime);
        return new Download(FileOf(record.Digest), record.Digest, record.Modified);
    }

    private async Task WriteAsync(string path, string text, CancellationToken cancellationToken)
    {
        var part = Path.Join(directory, $"{Guid.NewGuid():n}.part");
        await File.WriteAllTextAsync(part, text, cancellationToken);
        File.Move(part, path, overwrite: true);
    }

    private void RemoveOld()
    {
        var oldest = clock.GetUtcNow().UtcDateTime - Keep;
        foreach (var file in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Where(file => File.GetLastWriteTimeUtc(file) < oldest))
        {
            File.Delete(file);
        }
    }

    private string FileOf(Digest digest) => Path.Join(directory, "sha256", digest.Hex);

    /// <summary>The whole address counts, its password too: it may lead to something else for somebody else.</summary>
    private string RecordOf(Uri address) => Path.Join(directory, "addresses", Sha256Hasher.Hash(Encoding.UTF8.GetBytes(address.OriginalString)).Hex);
}
