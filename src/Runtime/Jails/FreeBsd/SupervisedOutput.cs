using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>
/// Where what a supervised jail prints goes: to its log, in the form that all logs here have, and to those who are attached. One who reads nothing makes the
/// jail wait, as with conmon.
/// </summary>
internal sealed class SupervisedOutput(string logFile) : IOutputSink, IDisposable
{
    private readonly Lock gate = new();
    private readonly List<Socket> attached = [];
    private FileStream log = Open(logFile);

    /// <summary>From now on it is told what is printed; its first packet says so.</summary>
    public void Attach(Socket client)
    {
        lock (gate)
        {
            attached.Add(client);
            _ = client.Send([SupervisorSocket.Welcome]);
        }
    }

    /// <summary>Begins the log anew: the file that was written to has another name now.</summary>
    public void Reopen()
    {
        lock (gate)
        {
            log.Dispose();
            log = Open(logFile);
        }
    }

    public void WriteLine(OutputKind stream, string line)
    {
        var text = Encoding.UTF8.GetBytes(line);
        lock (gate)
        {
            WriteLog(stream == OutputKind.Output ? "stdout" : "stderr", text, isWhole: !IOutputSink.MayGoOn(line));
            Send((byte)(stream == OutputKind.Output ? 2 : 3), [.. text, (byte)'\n']);
        }
    }

    /// <summary>Takes what appears on a terminal, as it comes: a question waits for its answer in the middle of a line.</summary>
    public void Write(ReadOnlySpan<byte> text)
    {
        lock (gate)
        {
            foreach (var line in text.Split((byte)'\n'))
            {
                var isWhole = line.End.Value < text.Length;
                if (isWhole || !text[line].IsEmpty)
                {
                    WriteLog("stdout", text[line], isWhole);
                }
            }

            Send(2, text.ToArray());
        }
    }

    /// <summary>Tells those who are attached that there will be no more.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            attached.ForEach(client => client.Dispose());
            attached.Clear();
            log.Dispose();
        }
    }

    private static FileStream Open(string file) => new(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    private void Send(byte stream, byte[] packet) => attached.RemoveAll(client => !TrySend(client, stream, packet));

    /// <summary>In pieces that whoever reads a log can hold, each with one write(2).</summary>
    private void WriteLog(string stream, ReadOnlySpan<byte> text, bool isWhole)
    {
        var now = DateTimeOffset.Now;
        var start = 0;
        do
        {
            var piece = text.Slice(start, Math.Min(SupervisorSocket.LargestPacket, text.Length - start));
            start += piece.Length;
            var end = start == text.Length && isWhole ? 'F' : 'P';
            log.Write([.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{now:yyyy-MM-ddTHH:mm:ss.fffffff}00{now:zzz} {stream} {end} ")), .. piece, (byte)'\n']);
        }
        while (start < text.Length);
    }

    private static bool TrySend(Socket client, byte stream, byte[] text)
    {
        try
        {
            for (var start = 0; start < text.Length; start += SupervisorSocket.LargestPacket)
            {
                client.Send([stream, .. text.AsSpan(start, Math.Min(SupervisorSocket.LargestPacket, text.Length - start))]);
            }

            return true;
        }
        catch (SocketException)
        {
            // It has left.
            client.Dispose();
            return false;
        }
    }
}
