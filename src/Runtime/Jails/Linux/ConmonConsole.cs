using System.Net.Sockets;
using Kleene.Build.Runtime.Terminals;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>A connection with conmon's attach socket, which speaks as <see cref="ConsoleRelay"/> says.</summary>
internal sealed class ConmonConsole : IJailConsole
{
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
        using var terminal = request.Terminal ? new ConnectedTerminal(request.Input, size => bundle.Tell($"1 {size.Rows} {size.Columns}")) : null;
        return await ConsoleRelay.RunAsync(socket, request, cancellationToken);
    }

    public void Dispose() => socket.Dispose();
}
