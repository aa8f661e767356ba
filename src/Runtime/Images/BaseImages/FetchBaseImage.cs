using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Fetching;

namespace Kleene.Build.Runtime.Images.BaseImages;

/// <summary>A base image from a tar archive, packed or not: a file, or what an HTTP server sends, which is unpacked as it comes and never stored.</summary>
public sealed class FetchBaseImage(string source, ExtractionLimits limits) : IBaseImageSource
{
    /// <summary>For the answer to begin, and between two pieces of what follows. A large archive may take long; a silent server may not.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(60);

    public Task<BaseImageContent> WriteAsync(string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
    {
        if (Uri.TryCreate(source, UriKind.Absolute, out var address) && !source.StartsWith('/'))
        {
            return address.Scheme switch
            {
                "http" or "https" => DownloadAsync(address, rootPath, progress, cancellationToken),
                "file" when address.Host.Length == 0 => ReadAsync(address.LocalPath, rootPath, progress, cancellationToken),
                "docker" or "oci" or "docker-archive" or "oci-archive" =>
                    throw new KleeneException($"cannot fetch '{source}': images of registries and OCI layouts cannot be fetched yet; give a tar archive of a root file system"),
                _ when File.Exists(source) => ReadAsync(source, rootPath, progress, cancellationToken),
                _ => throw new KleeneException($"cannot fetch '{source}': '{address.Scheme}' addresses are not known; give a file, or an http or https address"),
            };
        }

        return ReadAsync(source, rootPath, progress, cancellationToken);
    }

    private async Task<BaseImageContent> ReadAsync(string path, string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
        {
            throw new KleeneException(File.Exists(Path.Join(path, "oci-layout"))
                ? $"cannot fetch '{path}': it is an OCI layout, which cannot be read yet; give a tar archive of a root file system"
                : $"cannot fetch '{path}': it is a directory; use 'kleene image create dir {path}'");
        }

        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KleeneException(e is FileNotFoundException or DirectoryNotFoundException ? $"there is no file '{path}'" : $"cannot read '{path}': {e.Message}", e);
        }

        // A fifo has no length.
        return await UnpackAsync(file, file.CanSeek ? file.Length : null, path, rootPath, progress, cancellationToken);
    }

    private async Task<BaseImageContent> DownloadAsync(Uri address, string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
    {
        using var web = new WebClient(Patience);
        using var answer = await web.GetAsync(address, known: null, cancellationToken);

        // Asked for unconditionally, so there is a body.
        return await UnpackAsync(answer.Body!, answer.Length, address.AbsolutePath, rootPath, progress, cancellationToken);
    }

    private async Task<BaseImageContent> UnpackAsync(
        Stream archive, long? length, string name, string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
    {
        var counted = new CountedStream(archive, done => progress.Report(new BaseImageProgress("unpacking", done, length)));
        var result = await new ArchiveExtractor(limits).ExtractAsync(counted, rootPath, cancellationToken);
        return new BaseImageContent(result.Digest, BaseImageDefaults.NameFrom(name), BaseImageDefaults.Config, UnpackedArchive.Inspect(result, rootPath));
    }
}
