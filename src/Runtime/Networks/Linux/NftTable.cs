using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Networks.Linux;

/// <summary>Our table in the kernel's packet filter: asks what it holds, and puts a new one in its place by nft(8).</summary>
/// <param name="processes">Runs nft.</param>
/// <param name="name">The table's; a store has its own.</param>
/// <param name="stack">The file that holds the network stack it is in; null: that of this process.</param>
internal sealed class NftTable(IProcessRunner processes, string name, string? stack)
{
    // linux/netfilter/nfnetlink.h and nf_tables.h
    private const ushort GetTable = (10 << 8) | 1;
    private const ushort GetChain = (10 << 8) | 4;
    private const byte InetFamily = 1;
    private const ushort TableName = 1;
    private const ushort TableUserData = 6;
    private const ushort ChainTable = 1;
    private const ushort ChainName = 3;
    private const ushort ChainUse = 6;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Makes it so, unless it is so already. One transaction: no packet ever meets half of it.</summary>
    /// <exception cref="NetworkException">nft is missing, or the kernel does not take it.</exception>
    public async Task ApplyAsync(FirewallIntent intent, CancellationToken cancellationToken)
    {
        // The table bears the hash of what it was made of: what is applied is asked of the kernel, which cannot be out of date.
        var mark = Sha256Hasher.Hash(Encoding.UTF8.GetBytes(NftRuleset.Write(name, intent, ""))).Hex[..16];
        if (Holds() is var held && (intent.IsNothing ? held is null : held == mark))
        {
            return;
        }

        var text = Encoding.UTF8.GetBytes(NftRuleset.Write(name, intent, mark));
        var command = stack is null ? CommandLine.Of("nft", "-f", "-") : CommandLine.Of("nsenter", $"--net={stack}", "nft", "-f", "-");
        try
        {
            await processes.RunToolAsync(command with { Input = text, Timeout = Patience }, cancellationToken);
        }
        catch (ToolMissingException)
        {
            throw new NetworkException("networks need nft; install it (package nftables), or use the host's network with --network host");
        }
        catch (ProcessFailedException exception)
        {
            throw new NetworkException($"the kernel does not take the rules of the networks: {exception.Message}; use the host's network with --network host");
        }
    }

    /// <summary>What the table says that it holds; null when it is not there, or somebody took its rules away.</summary>
    public string? Holds()
    {
        using var socket = NetworkNamespace.In(stack, () => NetlinkSocket.Open(NetlinkSocket.Netfilter));
        var answers = new List<byte[]>();
        if (Ask(socket, GetTable, message => message.Put(TableName, name), answers) != 0 || answers.Count == 0
            || !NetlinkMessage.Attributes(answers[0].AsSpan(4)).TryGetValue(TableUserData, out var data) || data is not [0, var length, ..] || data.Length < 2 + length)
        {
            return null;
        }

        // A chain counts its rules. This one is never empty.
        answers.Clear();
        var isFull = Ask(socket, GetChain, message => message.Put(ChainTable, name).Put(ChainName, "forward"), answers) == 0
            && answers.Count > 0
            && NetlinkMessage.Attributes(answers[0].AsSpan(4)).TryGetValue(ChainUse, out var use)
            && BinaryPrimitives.ReadUInt32BigEndian(use) > 0;
        return isFull ? Encoding.ASCII.GetString(data, 2, length).TrimEnd('\0') : null;
    }

    private static int Ask(NetlinkSocket socket, ushort type, Action<NetlinkMessage> names, List<byte[]> answers)
    {
        var message = new NetlinkMessage(type, NetlinkMessage.Request | NetlinkMessage.Acknowledge).Body(new FilterBody { Family = InetFamily });
        names(message);
        var error = socket.Ask(message, answers);
        return error is 0 or Errno.ENOENT ? error : throw Errno.Exception(error, "ask for the table of the packet filter");
    }

    /// <summary><c>struct nfgenmsg</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FilterBody
    {
        public byte Family;
        public byte Version;
        public ushort Resource;
    }
}
