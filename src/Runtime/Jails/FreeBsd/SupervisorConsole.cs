using System.Net.Sockets;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>A connection with the process that supervises a jail. Such a jail has no terminal.</summary>
internal sealed class SupervisorConsole : IJailConsole
{
    private readonly Socket socket;

    private SupervisorConsole(Socket socket) => this.socket = socket;

    /// <summary>Returns when the supervisor knows of us, so that nothing is missed that is printed afterwards.</summary>
    /// <exception cref="JailNotRunningException">Nobody listens there.</exception>
    public static SupervisorConsole Connect(JailDirectory directory)
    {
        var socket = SupervisorSocket.TryConnect(directory.ConsoleSocket, SocketType.Seqpacket) ?? throw new JailNotRunningException(directory.Id);
        try
        {
            return socket.Receive(new byte[1]) == 1 ? new SupervisorConsole(socket) : throw new JailNotRunningException(directory.Id);
        }
        catch (Exception exception) when (exception is SocketException or JailNotRunningException)
        {
            socket.Dispose();
            throw new JailNotRunningException(directory.Id);
        }
    }

    public Task<ConsoleEnd> RelayAsync(ConsoleRequest request, CancellationToken cancellationToken) =>
        ConsoleRelay.RunAsync(socket, request with { Terminal = false }, cancellationToken);

    public void Dispose() => socket.Dispose();
}
