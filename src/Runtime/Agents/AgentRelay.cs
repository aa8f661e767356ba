using System.Net.Sockets;
using Kleene.Build.Runtime.Files;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Agents;

/// <summary>
/// A socket of our own in front of an SSH agent's, with the owner and mode that a jail needs. An agent answers only its own user and
/// the superuser (it asks the kernel who calls), and what calls it here is us.
/// </summary>
public sealed class AgentRelay : IAsyncDisposable
{
    private const string Name = "agent";
    private const int Backlog = 16;

    private readonly CancellationTokenSource ending = new();
    private readonly Socket listener;
    private readonly string agent;
    private readonly Task serving;

    private AgentRelay(Socket listener, string path, string agent)
    {
        this.listener = listener;
        this.agent = agent;
        Path = path;
        serving = ServeAsync();
    }

    /// <summary>The socket on the host.</summary>
    public string Path { get; }

    /// <param name="directory">An existing directory for the socket.</param>
    /// <param name="agent">The agent's socket.</param>
    /// <param name="permissions">The twelve bits of ours.</param>
    /// <param name="owner">Who owns it.</param>
    public static AgentRelay Start(string directory, string agent, uint permissions, FileOwner owner)
    {
        using var root = RootedDirectory.Open(directory);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(Reach(root.Handle, Name));
            root.SetMode(Name, permissions);
            root.SetOwner(Name, owner);
            listener.Listen(Backlog);
            return new AgentRelay(listener, System.IO.Path.Join(directory, Name), agent);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        listener.Dispose();
        await serving;
        ending.Dispose();
    }

    /// <summary>A short way to a socket: an address holds 107 bytes (unix(7)), which a path of ours may exceed.</summary>
    private static UnixDomainSocketEndPoint Reach(SafeFileHandle directory, string name) => new($"/proc/self/fd/{directory.DangerousGetHandle()}/{name}");

    private async Task ServeAsync()
    {
        var calls = new List<Task>();
        try
        {
            while (true)
            {
                calls.Add(PassAsync(await listener.AcceptAsync(ending.Token)));
                calls.RemoveAll(call => call.IsCompleted);
            }
        }
        catch (Exception exception) when (ending.IsCancellationRequested && exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The jail is gone, and its callers with it.
        }

        await Task.WhenAll(calls);
    }

    /// <summary>Passes bytes both ways until one side has had enough. An agent that is gone is a call that ends at once.</summary>
    private async Task PassAsync(Socket caller)
    {
        using (caller)
        {
            try
            {
                using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                using var directory = RootedDirectory.Open(System.IO.Path.GetDirectoryName(agent) ?? "/");
                await server.ConnectAsync(Reach(directory.Handle, System.IO.Path.GetFileName(agent)), ending.Token);
                await using var toCaller = new NetworkStream(caller);
                await using var toServer = new NetworkStream(server);
                await await Task.WhenAny(toCaller.CopyToAsync(toServer, ending.Token), toServer.CopyToAsync(toCaller, ending.Token));
            }
            catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException or KleeneException)
            {
                // The caller sees that its connection ends.
            }
        }
    }
}
