using System.Net.Sockets;
using Kleene.Build.Runtime.Terminals;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>A connection with the process that supervises a jail.</summary>
internal sealed class SupervisorConsole : IJailConsole
{
    private readonly JailDirectory directory;
    private readonly Socket socket;

    private SupervisorConsole(JailDirectory directory, Socket socket)
    {
        this.directory = directory;
        this.socket = socket;
    }

    /// <summary>Returns when the supervisor knows of us, so that nothing is missed that is printed afterwards.</summary>
    /// <exception cref="JailNotRunningException">Nobody listens there.</exception>
    public static SupervisorConsole Connect(JailDirectory directory)
    {
        var socket = SupervisorSocket.TryConnect(directory.ConsoleSocket, SocketType.Seqpacket) ?? throw new JailNotRunningException(directory.Id);
        try
        {
            return socket.Receive(new byte[1]) == 1 ? new SupervisorConsole(directory, socket) : throw new JailNotRunningException(directory.Id);
        }
        catch (Exception exception) when (exception is SocketException or JailNotRunningException)
        {
            socket.Dispose();
            throw new JailNotRunningException(directory.Id);
        }
    }

    public async Task<ConsoleEnd> RelayAsync(ConsoleRequest request, CancellationToken cancellationToken)
    {
        using var terminal = request.Terminal
            ? new ConnectedTerminal(request.Input, size => SupervisorSocket.Tell(directory.ControlSocket, SupervisorSocket.Resize(size)))
            : null;
        return await ConsoleRelay.RunAsync(socket, request, cancellationToken);
    }

    public void Dispose() => socket.Dispose();
}
