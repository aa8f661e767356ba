using System.Net.Sockets;
using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// A connection with conmon's attach socket. What comes from there are packets whose first byte says which stream it is (2 output,
/// 3 errors); what goes there is the jail's standard input as it is, and closing our side of it is its end.
/// </summary>
internal sealed class ConmonConsole : IJailConsole
{
    private const int StackBytes = 256 * 1024;

    private readonly Bundle bundle;
    private readonly Socket socket;

    private ConmonConsole(Bundle bundle, Socket socket)
    {
        this.bundle = bundle;
        this.socket = socket;
    }

    /// <exception cref="JailNotRunningException">Nobody listens there.</exception>
    public static ConmonConsole Connect(Bundle bundle)
    {
        // The name of a socket has no more than 107 bytes (unix(7)); the way through the open directory is always short enough.
        using var directory = NativeMethods.open(bundle.Directory, NativeMethods.O_RDONLY | NativeMethods.O_CLOEXEC, 0);
        var socket = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint($"/proc/self/fd/{directory.DangerousGetHandle()}/{Path.GetFileName(bundle.ConsoleSocket)}"));
            return new ConmonConsole(bundle, socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw new JailNotRunningException(bundle.Id);
        }
    }

    public async Task<ConsoleEnd> RelayAsync(ConsoleRequest request, CancellationToken cancellationToken)
    {
        using var raw = request is { Terminal: true, Input: true } ? RawTerminal.TryTake() : null;
        using var resized = request.Terminal ? PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => PassSize()) : null;
        if (request.Terminal)
        {
            PassSize();
        }

        // Reading a terminal blocks and cannot be taken back, so both directions are waited for together, on a thread of their own.
        using var wake = new WakePipe();
        var ended = new TaskCompletionSource<ConsoleEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Relay(request, wake, ended), StackBytes) { IsBackground = true, Name = "console" }.Start();
        await using (cancellationToken.Register(wake.Set))
        {
            var end = await ended.Task;
            cancellationToken.ThrowIfCancellationRequested();
            return end;
        }
    }

    public void Dispose() => socket.Dispose();

    private void Relay(ConsoleRequest request, WakePipe wake, TaskCompletionSource<ConsoleEnd> ended)
    {
        try
        {
            ended.SetResult(new ConsoleCopy(socket, request, wake).Run());
        }
        catch (Exception exception)
        {
            // Whatever it is belongs to the caller: an exception that leaves a thread ends the process.
            ended.SetException(exception);
        }
    }

    private void PassSize()
    {
        if (NativeMethods.ioctl(0, NativeMethods.TIOCGWINSZ, out var size) == 0)
        {
            bundle.Tell($"1 {size.Rows} {size.Columns}");
        }
    }
}
