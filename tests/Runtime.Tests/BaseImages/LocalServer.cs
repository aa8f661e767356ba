using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kleene.Build.Runtime.Tests.BaseImages;

/// <summary>An HTTP server that answers every request by what a test makes it do, also by what no server should.</summary>
internal sealed class LocalServer : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Func<string, NetworkStream, Task> answer;

    /// <param name="answer">Gets the path that was asked for and the connection, which is closed afterwards.</param>
    public LocalServer(Func<string, NetworkStream, Task> answer)
    {
        this.answer = answer;
        listener.Start();
        _ = ServeAsync();
    }

    public CancellationToken Stopped => stop.Token;

    public string Address => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    /// <summary>Sends a whole answer.</summary>
    public static async Task SendAsync(NetworkStream connection, string status, byte[] body, string headers = "")
    {
        await SendHeadAsync(connection, status, $"Content-Length: {body.Length}\r\n{headers}");
        await connection.WriteAsync(body);
    }

    public static async Task SendHeadAsync(NetworkStream connection, string status, string headers) =>
        await connection.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n"));

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
                using var client = await listener.AcceptTcpClientAsync(stop.Token);
                await using var connection = client.GetStream();
                var head = new StringBuilder();
                var buffer = new byte[4096];
                while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
                {
                    head.Append(Encoding.ASCII.GetString(buffer, 0, await connection.ReadAsync(buffer, stop.Token)));
                }

                await answer(head.ToString().Split(' ')[1], connection);
            }
        }
        // The test is over, or the client has had enough.
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or IOException or SocketException)
        {
        }
    }
}
