using System.Net.Sockets;
using System.Text;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>How we and the process that supervises a jail talk: by sockets in the jail's directory, which only root can reach.</summary>
internal static class SupervisorSocket
{
    /// <summary>The most that a packet of the console holds beside the byte that says of which stream it is.</summary>
    public const int LargestPacket = 8192;

    /// <summary>The first packet to one who attaches: he misses nothing from now on.</summary>
    public const byte Welcome = 0;

    /// <summary>The answer to a word that was heeded; any other is the reason why it was not.</summary>
    public const string Done = "done";

    /// <summary>unix(4): 104 bytes with the zero at the end.</summary>
    private const int LongestPath = 103;

    /// <summary>How long a supervisor may take for an answer, which needs it a process at most.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromMinutes(1);

    public static Socket Listen(string path, SocketType type)
    {
        var socket = new Socket(AddressFamily.Unix, type, ProtocolType.Unspecified);
        socket.Bind(EndPoint(path));
        socket.Listen();
        return socket;
    }

    /// <summary>Null when nobody listens.</summary>
    public static Socket? TryConnect(string path, SocketType type)
    {
        var socket = new Socket(AddressFamily.Unix, type, ProtocolType.Unspecified);
        try
        {
            socket.Connect(EndPoint(path));
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>Says a word to a supervisor.</summary>
    /// <returns>Its answer; null when there is none, or it has ended in between.</returns>
    public static async Task<string?> AskAsync(string path, string word, CancellationToken cancellationToken)
    {
        using var socket = TryConnect(path, SocketType.Stream);
        if (socket is null)
        {
            return null;
        }

        try
        {
            using var stream = new NetworkStream(socket);
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"{word}\n"), cancellationToken);
            using var reader = new StreamReader(stream);
            return await reader.ReadLineAsync(cancellationToken).AsTask().WaitAsync(AnswerTime, cancellationToken);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Says a word whose answer does not matter. Returns when it was heeded, or nobody is there to heed it.</summary>
    public static void Tell(string path, string word)
    {
        using var socket = TryConnect(path, SocketType.Stream);
        if (socket is null)
        {
            return;
        }

        try
        {
            socket.ReceiveTimeout = (int)AnswerTime.TotalMilliseconds;
            socket.Send(Encoding.UTF8.GetBytes($"{word}\n"));
            _ = socket.Receive(new byte[1]);
        }
        catch (SocketException)
        {
            // It has ended in between, and its log with it.
        }
    }

    /// <exception cref="JailStartException">The kernel takes no such long name.</exception>
    private static UnixDomainSocketEndPoint EndPoint(string path) => Encoding.UTF8.GetByteCount(path) <= LongestPath
        ? new UnixDomainSocketEndPoint(path)
        : throw new JailStartException(JailStartFailure.Jail, $"the path of a socket has {LongestPath} bytes at most, and '{path}' has more; choose a shorter state directory with --root");
}
