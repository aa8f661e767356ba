using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kleene.Build.Testing.Servers;

/// <summary>A small web server with files that a test can change, and a list of what was asked of it.</summary>
public sealed class FileServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<string, ServedFile> files = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> answers = new();

    public FileServer()
    {
        listener.Start();
        _ = ServeAsync();
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>Status and path of every answer so far: <c>304 /a</c>.</summary>
    public IEnumerable<string> Answers => answers;

    public ServedFile this[string path]
    {
        set => files[path] = value;
    }

    public void Remove(string path) => files.TryRemove(path, out _);

    /// <summary>Sends whoever asks for one path to another.</summary>
    public void Redirect(string path, string target) => files[path] = new ServedFile([]) { Location = target };

    public void Dispose()
    {
        stop.Cancel();
        listener.Dispose();
        stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stop.Token);
                _ = AnswerAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await using var connection = client.GetStream();
                using var reader = new StreamReader(connection, Encoding.ASCII, leaveOpen: true);
                var request = (await reader.ReadLineAsync(stop.Token) ?? "").Split(' ');
                var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                while (await reader.ReadLineAsync(stop.Token) is { Length: > 0 } line)
                {
                    var colon = line.IndexOf(':', StringComparison.Ordinal);
                    headers[line[..colon]] = line[(colon + 1)..].Trim();
                }

                await SendAsync(connection, request[1], headers);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or IOException or SocketException)
            {
                // The test is over, or the client has had enough.
            }
        }
    }

    private async Task SendAsync(NetworkStream connection, string path, Dictionary<string, string> headers)
    {
        var file = files.GetValueOrDefault(path);
        var status = file is null ? "404 Not Found" : file.Location is not null ? "302 Found" : IsUnchanged(file, headers) ? "304 Not Modified" : "200 OK";
        answers.Enqueue($"{status[..3]} {path}");
        var body = status[0] == '2' ? file!.Content : [];    // Only a file that is there has that status.
        var head = new StringBuilder($"HTTP/1.1 {status}\r\nConnection: close\r\n");
        if (status[0] != '3' || status[2] == '2')
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n");
        }

        head.Append(file?.Location is { } target ? $"Location: {target}\r\n" : "");
        head.Append(file?.EntityTag is { } tag ? $"ETag: {tag}\r\n" : "");
        head.Append(file?.Modified is { } modified ? $"Last-Modified: {modified:R}\r\n" : "");
        await connection.WriteAsync(Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()));
        await connection.WriteAsync(body);
    }

    private static bool IsUnchanged(ServedFile file, Dictionary<string, string> headers) =>
        headers.TryGetValue("If-None-Match", out var tag) ? tag == file.EntityTag
            : headers.TryGetValue("If-Modified-Since", out var time) && file.Modified is { } modified && time == modified.ToString("R", CultureInfo.InvariantCulture);
}

/// <summary>What a <see cref="FileServer"/> has behind a path.</summary>
public sealed record ServedFile(byte[] Content)
{
    public ServedFile(string text)
        : this(Encoding.UTF8.GetBytes(text))
    {
    }

    /// <summary>With its quotes; null is not sent.</summary>
    public string? EntityTag { get; init; }

    public DateTimeOffset? Modified { get; init; }

    public string? Location { get; init; }
}
