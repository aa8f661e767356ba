using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Kleene.Build.Runtime.Terminals;

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

    private const string ResizeWord = "resize";

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

    /// <summary>The word by which a terminal gets a size.</summary>
    public static string Resize(WindowSize size) => string.Create(CultureInfo.InvariantCulture, $"{ResizeWord} {size.Rows} {size.Columns}");

    /// <summary>Null: it is another word.</summary>
    public static WindowSize? TryReadSize(string word) =>
        word.Split(' ') is [ResizeWord, var rows, var columns]
        && ushort.TryParse(rows, NumberStyles.None, CultureInfo.InvariantCulture, out var height)
        && ushort.TryParse(columns, NumberStyles.None, CultureInfo.InvariantCulture, out var width)
            ? new WindowSize(height, width)
            : null;

    /// <summary>Passes on what a client writes until he stops, or nobody is there to read it.</summary>
    public static async Task PassAsync(Socket client, Stream sink)
    {
        var buffer = new byte[LargestPacket];
        try
        {
            while (await client.ReceiveAsync(buffer) is var count and > 0)
            {
                await sink.WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            // He, or the process that was to read it, has gone: what was typed then is for nobody.
        }
    }

    /// <exception cref="JailStartException">The kernel takes no such long name.</exception>
    private static UnixDomainSocketEndPoint EndPoint(string path) => Encoding.UTF8.GetByteCount(path) <= LongestPath
        ? new UnixDomainSocketEndPoint(path)
        : throw new JailStartException(JailStartFailure.Jail, $"the path of a socket has {LongestPath} bytes at most, and '{path}' has more; choose a shorter state directory with --root");
}
