using System.Net;
using Kleene.Build.Runtime.Archives;

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
        // What is packed is unpacked by us, whatever the server calls it; the digest would not be that of the file otherwise.
        using var handler = new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None, ConnectTimeout = Patience };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        using var response = await AnswerAsync(client, address, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new KleeneException($"cannot fetch '{Shown(address)}': the server answered {(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd());
        }

        var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var patient = new PatientStream(body, Shown(address), response.Content.Headers.ContentLength, Patience, cancellationToken);
        return await UnpackAsync(patient, response.Content.Headers.ContentLength, address.AbsolutePath, rootPath, progress, cancellationToken);
    }

    private async Task<HttpResponseMessage> AnswerAsync(HttpClient client, Uri address, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.ParseAdd("kleene");
        try
        {
            return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
        }
        catch (HttpRequestException e)
        {
            throw new KleeneException($"cannot fetch '{Shown(address)}': {(e.InnerException ?? e).Message}", e);
        }
        // The deadline: the caller did not cancel.
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KleeneException($"cannot fetch '{Shown(address)}': the server did not answer within {Patience.TotalSeconds:0} s", e);
        }
    }

    private async Task<BaseImageContent> UnpackAsync(
        Stream archive, long? length, string name, string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
    {
        var counted = new CountedStream(archive, done => progress.Report(new BaseImageProgress("unpacking", done, length)));
        var result = await new ArchiveExtractor(limits).ExtractAsync(counted, rootPath, cancellationToken);
        return new BaseImageContent(result.Digest, BaseImageDefaults.NameFrom(name), BaseImageDefaults.Config, UnpackedArchive.Inspect(result, rootPath));
    }

    /// <summary>Without a password that was written into it.</summary>
    private static string Shown(Uri address) => address.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.UserInfo, UriFormat.UriEscaped);
}
