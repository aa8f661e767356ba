using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Kleene.Build.Runtime.Networks;

/// <summary>Which ports of the host its own programs listen at. Works in the network stack of the calling thread.</summary>
/// <param name="hasIpv6">Whether the host speaks IPv6.</param>
/// <param name="ownerOf">Says who has a port, for a message.</param>
internal sealed class HostPorts(bool hasIpv6, Func<PortProtocol, int, string> ownerOf)
{
    private const int FreePortAttempts = 200;

    /// <summary>Who has one of the ports, as well as it can be told; null when they are free.</summary>
    public string? ListenerAt(PortPublication port)
    {
        for (var number = port.HostPort; number < port.HostPort + port.Count; number++)
        {
            if (!IsFree(port, number))
            {
                return $"port {number}/{port.Protocol.ToString().ToLowerInvariant()} of the host is taken by {ownerOf(port.Protocol, number)}";
            }
        }

        return null;
    }

    /// <exception cref="NetworkException">So many in a row cannot be found.</exception>
    public int FreePort(PortPublication port)
    {
        for (var attempt = 0; attempt < FreePortAttempts; attempt++)
        {
            using var socket = New(port.Protocol, AddressFamily.InterNetwork);
            socket.Bind(new IPEndPoint(IPAddress.Any, 0));
            var first = ((IPEndPoint)socket.LocalEndPoint!).Port; // It is bound.
            socket.Close();
            if (first + port.Count - 1 <= ushort.MaxValue && ListenerAt(port with { HostPort = first }) is null)
            {
                return first;
            }
        }

        throw new NetworkException($"no {port.Count} free ports in a row were found on the host; choose some with --publish HOST-HOST:{port.ContainerPort}-{port.ContainerPort + port.Count - 1}");
    }

    private bool IsFree(PortPublication port, int number)
    {
        IPAddress[] addresses = port.HostAddress.Length > 0 ? [IPAddress.Parse(port.HostAddress)] : hasIpv6 ? [IPAddress.Any, IPAddress.IPv6Any] : [IPAddress.Any];
        return addresses.All(address =>
        {
            try
            {
                using var socket = New(port.Protocol, address.AddressFamily);
                socket.Bind(new IPEndPoint(address, number));
                return true;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                return false;
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressNotAvailable)
            {
                throw new NetworkException($"ports cannot be published on {address}: the host does not have that address");
            }
        });
    }

    private static Socket New(PortProtocol protocol, AddressFamily family)
    {
        var socket = protocol == PortProtocol.Tcp ? new Socket(family, SocketType.Stream, ProtocolType.Tcp) : new Socket(family, SocketType.Dgram, ProtocolType.Udp);
        if (family == AddressFamily.InterNetworkV6)
        {
            socket.DualMode = false;
        }

        return socket;
    }
}
