using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>The standard input of a supervised jail: what those write who attach, or nothing.</summary>
/// <param name="isKept">Whether it has one at all.</param>
/// <param name="outlivesWriter">Whether it stays open when who wrote to it leaves.</param>
internal sealed class SupervisedInput(bool isKept, bool outlivesWriter) : IDisposable
{
    private readonly AnonymousPipeServerStream? pipe = isKept ? new AnonymousPipeServerStream(PipeDirection.Out) : null;

    /// <summary>What the first process reads from; null: it has nothing to read.</summary>
    public SafeHandle? Reader => pipe?.ClientSafePipeHandle;

    /// <summary>The process has its end; ours would keep the pipe whole when it has gone.</summary>
    public void ReaderTaken() => pipe?.DisposeLocalCopyOfClientHandle();

    /// <summary>Passes on what a client writes until he stops.</summary>
    public void ReadFrom(Socket client)
    {
        if (pipe is not null)
        {
            _ = PassAsync(client, pipe);
        }
    }

    public void Dispose() => pipe?.Dispose();

    private async Task PassAsync(Socket client, AnonymousPipeServerStream sink)
    {
        var buffer = new byte[SupervisorSocket.LargestPacket];
        try
        {
            while (await client.ReceiveAsync(buffer) is var count and > 0)
            {
                await sink.WriteAsync(buffer.AsMemory(0, count));
            }

            if (!outlivesWriter)
            {
                await sink.DisposeAsync();
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            // He, or the process that was to read it, has gone: what was typed then is for nobody.
        }
    }
}
