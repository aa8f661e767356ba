using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Networks.Linux;

/// <summary>
/// Interfaces, addresses and routes of one network stack (rtnetlink(7)): what ip(8) does, without a process for each. Numbers are those of the headers
/// linux/rtnetlink.h, if_link.h and if_addr.h.
/// </summary>
internal sealed class RouteSocket : IDisposable
{
    private const ushort NewLink = 16;
    private const ushort DeleteLink = 17;
    private const ushort GetLink = 18;
    private const ushort NewAddress = 20;
    private const ushort NewRoute = 24;
    private const ushort GetRoute = 26;

    private const uint Up = 0x1;
    private const uint NoDuplicateDetection = 0x02;
    private const uint NoPrefixRoute = 0x200;
    private const byte MainTable = 254;
    private const byte LocalTable = 255;
    private const byte ScopeLink = 253;

    private readonly NetlinkSocket socket;
    private readonly Action<string>? step;

    private RouteSocket(NetlinkSocket socket, Action<string>? step)
    {
        this.socket = socket;
        this.step = step;
    }

    /// <summary>Opens one in the network stack of the calling thread.</summary>
    /// <param name="step">Told of each change before it is made.</param>
    public static RouteSocket Open(Action<string>? step) => new(NetlinkSocket.Open(NetlinkSocket.Route), step);

    public void Dispose() => socket.Dispose();

    /// <summary>The number of an interface; null when there is none of that name.</summary>
    public int? Find(string name) => Describe(name) is { } link ? link.Index : null;

    /// <summary>Whether an interface is a bridge.</summary>
    public bool IsBridge(string name) => Describe(name) is { Kind: "bridge" };

    /// <summary>The group that an interface is in; null when there is none of that name.</summary>
    public uint? GroupOf(string name) => Describe(name) is { } link ? link.Group : null;

    /// <summary>False when there is an interface of that name already.</summary>
    public bool TryAddBridge(string name, uint group)
    {
        step?.Invoke($"add bridge {name}");
        var message = Change(NewLink, NetlinkMessage.Create | NetlinkMessage.Exclusive)
            .Body(new LinkBody { Flags = Up, Change = Up })
            .Put(LinkAttribute.Name, name)
            .Put(LinkAttribute.Group, group)
            .Nest(LinkAttribute.Info, info => info.Put(InfoAttribute.Kind, "bridge"));
        return Ask(message, $"add bridge '{name}'", Errno.EEXIST) == 0;
    }

    /// <summary>Adds a pair of interfaces, one here, which is up, and one in another stack, which is not yet.</summary>
    /// <param name="bridge">The number of the bridge that the one here is a port of; 0: of none.</param>
    public void AddPair(string name, uint group, int bridge, string peerName, SafeFileHandle peerStack)
    {
        step?.Invoke($"add pair {name}");
        var message = Change(NewLink, NetlinkMessage.Create | NetlinkMessage.Exclusive)
            .Body(new LinkBody { Flags = Up, Change = Up })
            .Put(LinkAttribute.Name, name)
            .Put(LinkAttribute.Group, group);
        if (bridge > 0)
        {
            message.Put(LinkAttribute.Master, (uint)bridge);
        }

        message.Nest(LinkAttribute.Info, info => info
            .Put(InfoAttribute.Kind, "veth")
            .Nest(InfoAttribute.Content, content => content
                .Nest(1, peer => peer // VETH_INFO_PEER
                    .Body(default(LinkBody)) // It cannot be up before it has its other half.
                    .Put(LinkAttribute.Name, peerName)
                    .Put(LinkAttribute.StackDescriptor, (uint)peerStack.DangerousGetHandle()))));
        Ask(message, $"add the pair of interfaces '{name}' and '{peerName}'");
    }

    /// <summary>Lets a port of a bridge send frames back to where they came from, as a container that addresses itself by a published port needs; or keeps it apart from the others.</summary>
    public void SetPort(string name, bool sendsBack, bool isIsolated)
    {
        step?.Invoke($"set port {name}");
        var message = Change(NewLink, 0)
            .Body(default(LinkBody))
            .Put(LinkAttribute.Name, name)
            .Nest(LinkAttribute.Info, info => info
                .Put(InfoAttribute.PortKind, "bridge")
                .Nest(InfoAttribute.PortContent, port => port.Put(4, sendsBack ? (byte)1 : (byte)0).Put(33, isIsolated ? (byte)1 : (byte)0))); // IFLA_BRPORT_MODE, IFLA_BRPORT_ISOLATED
        Ask(message, $"set up the bridge port '{name}'");
    }

    /// <summary>Lets packets of the host's loopback addresses out, and their answers in (ip-sysctl: route_localnet), so that 127.0.0.1 can lead to a container.</summary>
    public void RouteLoopback(string name)
    {
        step?.Invoke($"route loopback {name}");
        var message = Change(NewLink, 0)
            .Body(default(LinkBody))
            .Put(LinkAttribute.Name, name)
            .Nest(LinkAttribute.Families, families => families
                .Nest((ushort)AddressFamilyNumber.IPv4, family => family
                    .Nest(1, settings => settings.Put(26, 1u)))); // IFLA_INET_CONF, IPV4_DEVCONF_ROUTE_LOCALNET
        Ask(message, $"set route_localnet of '{name}'");
    }

    /// <summary>The same for IPv6, which has no such setting: the kernel looks for ::1 behind the interface that an answer came in by, and finds this.</summary>
    public void RouteLoopback6(int index)
    {
        step?.Invoke("route loopback 6");
        var message = Change(NewRoute, NetlinkMessage.Create)
            .Body(new RouteBody { Family = AddressFamilyNumber.IPv6, DestinationLength = 128, Table = LocalTable, Protocol = 4, Type = 2 }) // RTPROT_STATIC, RTN_LOCAL
            .Put(RouteAttribute.Destination, IPAddress.IPv6Loopback)
            .Put(RouteAttribute.Interface, (uint)index)
            .Put(RouteAttribute.Priority, 2048u);
        Ask(message, "add the local route to ::1", Errno.EEXIST);
    }

    public void SetUp(int index)
    {
        step?.Invoke("set up");
        Ask(Change(NewLink, 0).Body(new LinkBody { Index = index, Flags = Up, Change = Up }), "set an interface up");
    }

    /// <param name="isOnLink">Whether all of the subnet is behind the interface.</param>
    public void AddAddress(int index, IPAddress address, int prefix, bool isOnLink)
    {
        step?.Invoke($"add address {address}");
        var family = address.AddressFamily == AddressFamily.InterNetwork ? AddressFamilyNumber.IPv4 : AddressFamilyNumber.IPv6;
        var message = Change(NewAddress, NetlinkMessage.Create | NetlinkMessage.Replace)
            .Body(new AddressBody { Family = family, Prefix = (byte)prefix, Index = index })
            .Put(AddressAttribute.Local, address)
            .Put(AddressAttribute.Address, address)
            .Put(AddressAttribute.Flags, NoDuplicateDetection | (isOnLink ? 0 : NoPrefixRoute));
        Ask(message, $"give an interface the address {address}/{prefix}");
    }

    /// <param name="destination">Null: all that nothing else leads to.</param>
    /// <param name="gateway">Null: it is behind the interface itself.</param>
    public void AddRoute(int index, IPNetwork? destination, IPAddress? gateway, AddressFamily family)
    {
        step?.Invoke($"add route {destination}");
        var message = Change(NewRoute, NetlinkMessage.Create | NetlinkMessage.Replace)
            .Body(new RouteBody
            {
                Family = family == AddressFamily.InterNetwork ? AddressFamilyNumber.IPv4 : AddressFamilyNumber.IPv6,
                DestinationLength = (byte)(destination?.PrefixLength ?? 0),
                Table = MainTable,
                Protocol = 4, // RTPROT_STATIC
                Scope = gateway is null && family == AddressFamily.InterNetwork ? ScopeLink : (byte)0,
                Type = 1, // RTN_UNICAST
            })
            .Put(RouteAttribute.Interface, (uint)index);
        if (destination is { } network)
        {
            message.Put(RouteAttribute.Destination, network.BaseAddress);
        }

        if (gateway is not null)
        {
            message.Put(RouteAttribute.Gateway, gateway);
        }

        Ask(message, $"add a route to {destination?.ToString() ?? "everything"}");
    }

    /// <summary>Gone already: succeeds. The other one of a pair goes too.</summary>
    public void Delete(string name)
    {
        step?.Invoke($"delete {name}");
        Ask(Change(DeleteLink, 0).Body(default(LinkBody)).Put(LinkAttribute.Name, name), $"delete the interface '{name}'", Errno.ENODEV);
    }

    /// <summary>The main table's routes of both families.</summary>
    public IReadOnlyList<HostRoute> Routes()
    {
        var routes = new List<HostRoute>();
        foreach (var (family, size) in new[] { (AddressFamilyNumber.IPv4, 4), (AddressFamilyNumber.IPv6, 16) })
        {
            var answers = new List<byte[]>();
            var message = new NetlinkMessage(GetRoute, NetlinkMessage.Request | NetlinkMessage.Dump).Body(new RouteBody { Family = family });
            Check(socket.Ask(message, answers), "list routes");
            foreach (var answer in answers)
            {
                var body = MemoryMarshal.Read<RouteBody>(answer);
                var attributes = NetlinkMessage.Attributes(answer.AsSpan(Unsafe.SizeOf<RouteBody>()));
                if (body.Table == MainTable && attributes.TryGetValue(RouteAttribute.Interface, out var index))
                {
                    var address = attributes.TryGetValue(RouteAttribute.Destination, out var bytes) ? bytes : new byte[size];
                    routes.Add(new HostRoute(new IPNetwork(new IPAddress(address), body.DestinationLength), NameOf(MemoryMarshal.Read<int>(index))));
                }
            }
        }

        return routes;
    }

    private string NameOf(int index)
    {
        var answers = new List<byte[]>();
        var error = socket.Ask(new NetlinkMessage(GetLink, NetlinkMessage.Request | NetlinkMessage.Acknowledge).Body(new LinkBody { Index = index }), answers);
        return error == 0 && answers.Count > 0 && NetlinkMessage.Attributes(answers[0].AsSpan(Unsafe.SizeOf<LinkBody>())).TryGetValue(LinkAttribute.Name, out var name)
            ? Text(name)
            : "?";
    }

    private (int Index, string Kind, uint Group)? Describe(string name)
    {
        var answers = new List<byte[]>();
        var message = new NetlinkMessage(GetLink, NetlinkMessage.Request | NetlinkMessage.Acknowledge).Body(default(LinkBody)).Put(LinkAttribute.Name, name);
        if (Ask(message, $"look for the interface '{name}'", Errno.ENODEV, answers) != 0 || answers.Count == 0)
        {
            return null;
        }

        var attributes = NetlinkMessage.Attributes(answers[0].AsSpan(Unsafe.SizeOf<LinkBody>()));
        var kind = attributes.TryGetValue(LinkAttribute.Info, out var info) && NetlinkMessage.Attributes(info).TryGetValue(InfoAttribute.Kind, out var text) ? Text(text) : "";
        var group = attributes.TryGetValue(LinkAttribute.Group, out var number) ? MemoryMarshal.Read<uint>(number) : 0;
        return (MemoryMarshal.Read<LinkBody>(answers[0]).Index, kind, group);
    }

    private static string Text(byte[] bytes) => Encoding.ASCII.GetString(bytes).TrimEnd('\0');

    private static NetlinkMessage Change(ushort type, int flags) => new(type, (ushort)(NetlinkMessage.Request | NetlinkMessage.Acknowledge | flags));

    private int Ask(NetlinkMessage message, string operation, int expected = 0, List<byte[]>? answers = null)
    {
        var error = socket.Ask(message, answers);
        if (error != expected)
        {
            Check(error, operation);
        }

        return error;
    }

    private static void Check(int error, string operation)
    {
        if (error != 0)
        {
            throw Errno.Exception(error, operation);
        }
    }

    private static class AddressFamilyNumber
    {
        public const byte IPv4 = 2;
        public const byte IPv6 = 10;
    }

    private static class LinkAttribute
    {
        public const ushort Name = 3;
        public const ushort Master = 10;
        public const ushort Info = 18;
        public const ushort Families = 26;
        public const ushort Group = 27;
        public const ushort StackDescriptor = 28;
    }

    private static class InfoAttribute
    {
        public const ushort Kind = 1;
        public const ushort Content = 2;
        public const ushort PortKind = 4;
        public const ushort PortContent = 5;
    }

    private static class AddressAttribute
    {
        public const ushort Address = 1;
        public const ushort Local = 2;
        public const ushort Flags = 8;
    }

    private static class RouteAttribute
    {
        public const ushort Destination = 1;
        public const ushort Interface = 4;
        public const ushort Gateway = 5;
        public const ushort Priority = 6;
    }

    /// <summary><c>struct ifinfomsg</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct LinkBody
    {
        public byte Family;
        public byte Padding;
        public ushort Type;
        public int Index;
        public uint Flags;
        public uint Change;
    }

    /// <summary><c>struct ifaddrmsg</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct AddressBody
    {
        public byte Family;
        public byte Prefix;
        public byte Flags;
        public byte Scope;
        public int Index;
    }

    /// <summary><c>struct rtmsg</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct RouteBody
    {
        public byte Family;
        public byte DestinationLength;
        public byte SourceLength;
        public byte TypeOfService;
        public byte Table;
        public byte Protocol;
        public byte Scope;
        public byte Type;
        public uint Flags;
    }
}
