using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Kleene.Build.Runtime.Networks.Linux;

/// <summary>Which ports of the host its own programs listen at. Works in the network stack of the calling thread.</summary>
internal static class HostPorts
{
    private const int FreePortAttempts = 200;
    private const string Listening = "0A"; // TCP_LISTEN in /proc/net/tcp (proc(5))

    /// <summary>Who has one of the ports, as well as it can be told; null when they are free.</summary>
    public static string? ListenerAt(PortPublication port, bool hasIpv6)
    {
        for (var number = port.HostPort; number < port.HostPort + port.Count; number++)
        {
            if (!IsFree(port, number, hasIpv6))
            {
                return $"port {number}/{port.Protocol.ToString().ToLowerInvariant()} of the host is taken by {OwnerOf(port.Protocol, number)}";
            }
        }

        return null;
    }

    /// <exception cref="NetworkException">So many in a row cannot be found.</exception>
    public static int FreePort(PortPublication port, bool hasIpv6)
    {
        for (var attempt = 0; attempt < FreePortAttempts; attempt++)
        {
            using var socket = New(port.Protocol, AddressFamily.InterNetwork);
            socket.Bind(new IPEndPoint(IPAddress.Any, 0));
            var first = ((IPEndPoint)socket.LocalEndPoint!).Port; // It is bound.
            socket.Close();
            if (first + port.Count - 1 <= ushort.MaxValue && ListenerAt(port with { HostPort = first }, hasIpv6) is null)
            {
                return first;
            }
        }

        throw new NetworkException($"no {port.Count} free ports in a row were found on the host; choose some with --publish HOST-HOST:{port.ContainerPort}-{port.ContainerPort + port.Count - 1}");
    }

    private static bool IsFree(PortPublication port, int number, bool hasIpv6)
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

    /// <summary>Looks for the socket in all processes, which takes its time: only for an error message.</summary>
    private static string OwnerOf(PortProtocol protocol, int number)
    {
        var name = protocol.ToString().ToLowerInvariant();
        var inodes = new[] { name, name + "6" }
            .Select(table => $"/proc/thread-self/net/{table}")
            .Where(File.Exists)
            .SelectMany(File.ReadLines)
            .Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields.Length > 9 && fields[1].EndsWith($":{number.ToString("X4", CultureInfo.InvariantCulture)}", StringComparison.Ordinal))
            .Where(fields => protocol == PortProtocol.Udp || fields[3] == Listening)
            .Select(fields => $"socket:[{fields[9]}]")
            .ToHashSet(StringComparer.Ordinal);
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(directory => Path.GetFileName(directory).All(char.IsAsciiDigit)))
        {
            try
            {
                if (Directory.EnumerateFiles(Path.Join(process, "fd")).Any(file => new FileInfo(file).LinkTarget is { } target && inodes.Contains(target)))
                {
                    return $"'{File.ReadAllText(Path.Join(process, "comm")).Trim()}' (process {Path.GetFileName(process)})";
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It ended while we looked.
            }
        }

        return "another program";
    }
}
