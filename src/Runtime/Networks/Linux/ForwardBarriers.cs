using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Networks.Linux;

/// <summary>
/// Chains of others that drop what the host passes on, as those of docker and ufw do. A packet has to pass every chain (nft(8)): they drop what
/// ours accept, and they are not ours to change. Asks the kernel; no program is run.
/// </summary>
internal static class ForwardBarriers
{
    // linux/netfilter.h, linux/netfilter/nfnetlink.h and nf_tables.h
    private const ushort GetChain = (10 << 8) | 4;
    private const ushort GetRule = (10 << 8) | 7;
    private const ushort ChainTable = 1;
    private const ushort ChainName = 3;
    private const ushort ChainHook = 4;
    private const ushort ChainPolicy = 5;
    private const ushort HookNumber = 1;
    private const ushort RuleTable = 1;
    private const uint Forward = 2;
    private const uint Drop = 0;

    /// <summary>How a comparison with the beginning of our interfaces' names lies in a rule: <c>NFTA_DATA_VALUE</c> of the two letters of <c>kv*</c>.</summary>
    private static readonly byte[] OurInterfaces = [.. MemoryMarshal.AsBytes<ushort>([6, 1]), .. "kv"u8];

    private static readonly Dictionary<byte, string> Families = new() { [1] = "inet", [2] = "ip", [10] = "ip6" };

    /// <summary>A sentence about what drops our packets, with the command that lets them pass; null when nothing does.</summary>
    /// <param name="stack">The file that holds the network stack; null: that of this process.</param>
    public static string? Describe(string? stack)
    {
        using var socket = NetworkNamespace.In(stack, () => NetlinkSocket.Open(NetlinkSocket.Netfilter));
        var chains = Chains(socket);
        var barriers = chains.Where(chain => chain.DropsForwarded && !LetsOursPass(socket, chain)).ToList();
        if (barriers.Count == 0)
        {
            return null;
        }

        var names = string.Join(" and ", barriers.Select(chain => $"the chain '{chain.Name}' of the table '{chain.Family} {chain.Table}'"));
        var command = string.Join("; ", barriers.Select(chain => Remedy(chain, chains)));
        return $"{names} drops what the host passes on: containers reach neither each other nor the world, and nobody but the host reaches their ports; to let them through: {command}";
    }

    private static List<Chain> Chains(NetlinkSocket socket)
    {
        var answers = new List<byte[]>();

        // Whoever may not ask, or has no packet filter, has no networks either.
        return socket.Ask(Question(GetChain), answers) == 0 ? [.. answers.Select(Chain.Read).OfType<Chain>()] : [];
    }

    /// <summary>Whether a rule beside it speaks of our interfaces: somebody has decided about them.</summary>
    private static bool LetsOursPass(NetlinkSocket socket, Chain chain)
    {
        var answers = new List<byte[]>();
        return socket.Ask(Question(GetRule), answers) == 0
            && answers.Any(rule => Families.GetValueOrDefault(rule[0]) == chain.Family
                && Text(NetlinkMessage.Attributes(rule.AsSpan(4)), RuleTable) == chain.Table
                && rule.AsSpan().IndexOf(OurInterfaces) >= 0);
    }

    private static string Remedy(Chain barrier, List<Chain> chains)
    {
        if (barrier is { Family: "ip" or "ip6", Table: "filter", Name: "FORWARD" })
        {
            // Docker leaves a chain to its users; in its own, rules of others do not last.
            const string Dockers = "DOCKER-USER";
            var way = chains.Any(chain => chain.Name == Dockers && chain.Family == barrier.Family && chain.Table == barrier.Table) ? Dockers : barrier.Name;
            var tool = barrier.Family == "ip" ? "iptables" : "ip6tables";
            return $"for i in kv+ kb+; do {tool} -I {way} -i $i -j ACCEPT; {tool} -I {way} -o $i -j ACCEPT; done";
        }

        var rules = from name in (string[])["kv*", "kb*"] from side in (string[])["iifname", "oifname"] select $"insert rule {barrier.Family} {barrier.Table} {barrier.Name} {side} \"{name}\" accept";
        return CommandLine.Of("nft", string.Join("; ", rules)).ToString();
    }

    private static NetlinkMessage Question(ushort type) => new NetlinkMessage(type, NetlinkMessage.Request | NetlinkMessage.Dump).Body(0);

    private static string Text(Dictionary<ushort, byte[]> attributes, ushort type) =>
        attributes.TryGetValue(type, out var value) ? Encoding.UTF8.GetString(value).TrimEnd('\0') : "";

    private sealed record Chain(string Family, string Table, string Name, bool DropsForwarded)
    {
        /// <summary>Behind <c>struct nfgenmsg</c>, whose first byte is the family; null for families in which nothing of ours is passed on.</summary>
        public static Chain? Read(byte[] answer)
        {
            if (!Families.TryGetValue(answer[0], out var family))
            {
                return null;
            }

            var attributes = NetlinkMessage.Attributes(answer.AsSpan(4));
            var hook = attributes.TryGetValue(ChainHook, out var nested) && NetlinkMessage.Attributes(nested).TryGetValue(HookNumber, out var number)
                ? BinaryPrimitives.ReadUInt32BigEndian(number)
                : (uint?)null;
            var drops = hook == Forward && attributes.TryGetValue(ChainPolicy, out var policy) && BinaryPrimitives.ReadUInt32BigEndian(policy) == Drop;
            return new Chain(family, Text(attributes, ChainTable), Text(attributes, ChainName), drops);
        }
    }
}
