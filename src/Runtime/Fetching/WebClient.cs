using System.Net;
using System.Net.Http.Headers;

namespace Kleene.Build.Runtime.Fetching;

/// <summary>Asks HTTP servers for files, patiently but not for ever. Follows redirects; knows nothing of what the files are for.</summary>
internal sealed class WebClient : IDisposable
{
    private const int MostRedirects = 10;

    private readonly SocketsHttpHandler handler;
    private readonly HttpClient client;
    private readonly TimeSpan patience;

    /// <param name="patience">For the answer to begin, and between two pieces of what follows. A large file may take long; a silent server may not.</param>
    public WebClient(TimeSpan patience)
    {
        this.patience = patience;

        // What is packed is unpacked by us or stays packed, whatever the server calls it; the digest would not be that of the file otherwise.
        handler = new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = patience,
            MaxAutomaticRedirections = MostRedirects,
        };
        client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The beginning of an answer: a file, or that one we know of has not changed.</summary>
    /// <param name="known">What a server said of the file earlier; null asks for the file in any case.</param>
    /// <exception cref="KleeneException">There is no answer, or it is that there is no such file.</exception>
    public async Task<WebAnswer> GetAsync(Uri address, WebValidator? known, CancellationToken cancellationToken)
    {
        var response = await AnswerAsync(address, known, cancellationToken);
        try
        {
            if (response.StatusCode == HttpStatusCode.NotModified && known is not null)
            {
                return new WebAnswer(response, null);
            }

            if (!response.IsSuccessStatusCode)
            {
                throw new KleeneException($"cannot fetch '{Shown(address)}': the server answered {(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd());
            }

            var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            return new WebAnswer(response, new PatientStream(body, Shown(address), response.Content.Headers.ContentLength, patience, cancellationToken));
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        client.Dispose();
        handler.Dispose();
    }

    /// <summary>An address without a password that was written into it.</summary>
    public static string Shown(Uri address) => address.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.UserInfo, UriFormat.UriEscaped);

    private async Task<HttpResponseMessage> AnswerAsync(Uri address, WebValidator? known, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(patience);
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.UserAgent.ParseAdd("kleene");
        known?.AddTo(request.Headers);
        if (address.UserInfo.Length > 0)
        {
            var credentials = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Uri.UnescapeDataString(address.UserInfo)));
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", credentials);
        }

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
            throw new KleeneException($"cannot fetch '{Shown(address)}': the server did not answer within {patience.TotalSeconds:0} s", e);
        }
    }
}

/// <summary>An answer whose body is read by the caller.</summary>
/// <param name="body">Null when the server says that what we have is still right.</param>
internal sealed class WebAnswer(HttpResponseMessage response, Stream? body) : IDisposable
{
    public Stream? Body => body;

    /// <summary>In bytes; null when the server does not say.</summary>
    public long? Length => response.Content.Headers.ContentLength;

    /// <summary>What to ask with next time.</summary>
    public WebValidator Validator => new(response.Headers.ETag?.ToString() ?? "", response.Content.Headers.LastModified);

    public void Dispose()
    {
        body?.Dispose();
        response.Dispose();
    }
}

/// <summary>How a server tells one state of a file from the next (RFC 9110, 8.8).</summary>
/// <param name="EntityTag">As the server wrote it; empty when it gives none.</param>
/// <param name="LastModified">To the second; null when it does not say.</param>
internal sealed record WebValidator(string EntityTag, DateTimeOffset? LastModified)
{
    /// <summary>Whether there is anything to ask with.</summary>
    public bool IsUseful => EntityTag.Length > 0 || LastModified is not null;

    public void AddTo(HttpRequestHeaders headers)
    {
        if (EntityTag.Length > 0)
        {
            headers.TryAddWithoutValidation("If-None-Match", EntityTag);
        }

        headers.IfModifiedSince = LastModified;
    }
}
