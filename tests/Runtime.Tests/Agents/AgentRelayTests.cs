using System.Net.Sockets;
using Kleene.Build.Runtime.Agents;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Agents;

public sealed class AgentRelayTests : IDisposable
{
    // Longer than an address of a socket may be.
    private readonly ScratchDirectory folder = new();
    private readonly string far;

    public AgentRelayTests() => far = folder.MakeDirectory(string.Join('/', Enumerable.Repeat(new string('d', 60), 3)));

    public void Dispose() => folder.Dispose();

    [RootFact]
    public async Task What_is_asked_of_the_relay_is_answered_by_the_agent()
    {
        using var agent = Listen(folder["agent"]);
        await using var relay = AgentRelay.Start(far, folder["agent"], 0x1b0, new FileOwner(5, 6));
        using var link = new Link(folder, relay.Path);
        var answering = EchoAsync(agent);

        using var caller = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await caller.ConnectAsync(new UnixDomainSocketEndPoint(link.Short));
        await caller.SendAsync("question"u8.ToArray());
        var answer = new byte[8];
        await new NetworkStream(caller).ReadExactlyAsync(answer);
        caller.Shutdown(SocketShutdown.Both);
        await answering;

        Assert.Equal("question"u8.ToArray(), answer);
        using var directory = RootedDirectory.Open(far);
        var status = directory.Stat("agent", followLink: false);
        Assert.Equal((FileKind.Socket, 0x1b0u, new FileOwner(5, 6)), (status.Kind, status.Permissions, status.Owner));
    }

    [RootFact]
    public async Task A_call_ends_when_the_agent_is_gone_and_the_relay_goes_on()
    {
        await using var relay = AgentRelay.Start(far, folder["nobody"], 0x180, FileOwner.Root);
        using var link = new Link(folder, relay.Path);

        for (var i = 0; i < 3; i++)
        {
            using var caller = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await caller.ConnectAsync(new UnixDomainSocketEndPoint(link.Short));
            Assert.Equal(0, await caller.ReceiveAsync(new byte[1]));
        }
    }

    [RootFact]
    public async Task The_end_of_the_relay_is_the_end_of_its_calls()
    {
        using var agent = Listen(folder["agent"]);
        var relay = AgentRelay.Start(far, folder["agent"], 0x180, FileOwner.Root);
        using var link = new Link(folder, relay.Path);
        using var caller = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await caller.ConnectAsync(new UnixDomainSocketEndPoint(link.Short));
        using var accepted = await agent.AcceptAsync();

        await relay.DisposeAsync();

        Assert.Equal(0, await caller.ReceiveAsync(new byte[1]));
    }

    private static Socket Listen(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen();
        return socket;
    }

    private static async Task EchoAsync(Socket agent)
    {
        using var call = await agent.AcceptAsync();
        await using var stream = new NetworkStream(call);
        var buffer = new byte[100];
        while (await stream.ReadAsync(buffer) is > 0 and var count)
        {
            await stream.WriteAsync(buffer.AsMemory(0, count));
        }
    }

    /// <summary>A short name for a long path.</summary>
    private sealed class Link : IDisposable
    {
        public Link(ScratchDirectory folder, string path)
        {
            Short = folder["short"];
            File.CreateSymbolicLink(Short, path);
        }

        public string Short { get; }

        public void Dispose() => File.Delete(Short);
    }
}
