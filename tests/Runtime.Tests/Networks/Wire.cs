using System.Net;
using System.Net.Sockets;
using System.Text;
using Kleene.Build.Runtime.Networks.Linux;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>Connections between network stacks, made by this process.</summary>
internal static class Wire
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long something that must not connect may take not to. What is refused is known at once; only what is dropped takes this long.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromMilliseconds(400);

    /// <summary>Answers everybody who connects with the address that he comes from.</summary>
    public static Socket Serve(string stack, int port, bool isOfLoopback = false)
    {
        var socket = NetworkNamespace.In(stack, () => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true });
        if (isOfLoopback)
        {
            socket.Dispose();
            socket = NetworkNamespace.In(stack, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        }

        socket.Bind(new IPEndPoint(isOfLoopback ? IPAddress.Loopback : IPAddress.IPv6Any, port));
        socket.Listen(64);
        _ = AcceptAsync(socket);
        return socket;
    }

    /// <summary>Answers every datagram likewise.</summary>
    public static Socket ServeDatagrams(string stack, int port)
    {
        var socket = NetworkNamespace.In(stack, () => new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true });
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        _ = AnswerAsync(socket);
        return socket;
    }

    /// <summary>Connects, and returns who the other side takes us for; null when it cannot be reached.</summary>
    /// <param name="expected">Whether it should: what should fail is not waited for as long.</param>
    public static async Task<string?> AskAsync(string stack, string address, int port, bool expected)
    {
        var target = new IPEndPoint(IPAddress.Parse(address), port);
        using var socket = NetworkNamespace.In(stack, () => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        using var patience = new CancellationTokenSource(expected ? Patience : Doubt);
        try
        {
            await socket.ConnectAsync(target, patience.Token);
            var buffer = new byte[100];
            var length = await socket.ReceiveAsync(buffer, patience.Token);
            return Encoding.ASCII.GetString(buffer, 0, length);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    public static async Task<string?> AskByDatagramAsync(string stack, string address, int port)
    {
        var target = new IPEndPoint(IPAddress.Parse(address), port);
        using var socket = NetworkNamespace.In(stack, () => new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await socket.ConnectAsync(target, patience.Token);
            await socket.SendAsync("?"u8.ToArray(), patience.Token);
            var buffer = new byte[100];
            return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token));
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    private static string Told(EndPoint? from)
    {
        var address = ((IPEndPoint)from!).Address;
        return (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
    }

    private static async Task AcceptAsync(Socket socket)
    {
        try
        {
            while (true)
            {
                using var client = await socket.AcceptAsync();
                await client.SendAsync(Encoding.ASCII.GetBytes(Told(client.RemoteEndPoint)));
            }
        }
        catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private static async Task AnswerAsync(Socket socket)
    {
        try
        {
            var buffer = new byte[100];
            while (true)
            {
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.IPv6Any, 0));
                await socket.SendToAsync(Encoding.ASCII.GetBytes(Told(received.RemoteEndPoint)), received.RemoteEndPoint);
            }
        }
        catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }
}
