using System.Globalization;
using System.Net;
using Kleene.Build.Runtime.Networks;

namespace Kleene.Build.Cli.Commands;

/// <summary>
/// Reads <c>[IP|IFACE:]HOST[-HOST]:CONTAINER[-CONTAINER][/tcp|udp]</c> and <c>CONTAINER</c> alone, which gets a free port of the host.
/// </summary>
internal static class PublishOption
{
    private const string Form = "write [ADDRESS|INTERFACE:]HOST[-HOST]:CONTAINER[-CONTAINER][/tcp|udp]";

    /// <param name="option">What it was given to, for messages.</param>
    public static PortPublication Read(string text, string option = "--publish")
    {
        var slash = text.LastIndexOf('/');
        var protocol = (slash < 0 ? "tcp" : text[(slash + 1)..].ToLowerInvariant()) switch
        {
            "tcp" => PortProtocol.Tcp,
            "udp" => PortProtocol.Udp,
            var other => throw Wrong($"the protocol '{other}' is not known; there are tcp and udp"),
        };
        var rest = slash < 0 ? text : text[..slash];
        var (where, ports) = Cut(rest);
        var (hostText, containerText) = ports switch
        {
            [var container] => ("", container),
            [var host, var container] => (host, container),
            _ => throw Wrong(Form),
        };
        var (container1, count) = Range(containerText);
        var (host1, hostCount) = hostText.Length == 0 ? (0, count) : Range(hostText);
        if (hostCount != count)
        {
            throw Wrong($"{hostCount} ports of the host cannot be {count} of the container");
        }

        var isAddress = IPAddress.TryParse(where.Trim('[', ']'), out var address);
        return isAddress || where.Length == 0 || NetworkStore.IsInterfaceName(where)
            ? new PortPublication
            {
                HostAddress = isAddress && !IsAny(address!) ? address!.ToString() : "", // It was read.
                HostInterface = isAddress ? "" : where,
                HostPort = host1,
                ContainerPort = container1,
                Count = count,
                Protocol = protocol,
            }
            : throw Wrong($"'{where}' is neither an address nor the name of an interface");

        UsageException Wrong(string why) => new($"{option} '{text}' is not a port to publish: {why}");

        (int First, int Count) Range(string range)
        {
            var dash = range.IndexOf('-', StringComparison.Ordinal);
            var first = Port(dash < 0 ? range : range[..dash]);
            var last = dash < 0 ? first : Port(range[(dash + 1)..]);
            return last >= first ? (first, last - first + 1) : throw Wrong($"the range '{range}' ends before it begins");
        }

        int Port(string number) =>
            int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= ushort.MaxValue
                ? port
                : throw Wrong($"'{number}' is not a port from 1 to 65535; {Form}");
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    /// <summary>Takes the address or interface off; one of IPv6 is in brackets.</summary>
    private static (string Where, string[] Ports) Cut(string text)
    {
        var bracket = text.StartsWith('[') ? text.IndexOf("]:", StringComparison.Ordinal) : -1;
        if (bracket > 0)
        {
            return (text[..(bracket + 1)], text[(bracket + 2)..].Split(':'));
        }

        var parts = text.Split(':');
        return parts.Length == 3 ? (parts[0], parts[1..]) : ("", parts);
    }
}
