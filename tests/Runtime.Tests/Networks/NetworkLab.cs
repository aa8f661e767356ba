using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Networks.Linux;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Testing;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>A host of a test's own with a machine beside it, and the real driver on that host. The containers are network stacks and records.</summary>
internal sealed class NetworkLab : IAsyncDisposable
{
    public const string HostAddress = "198.51.100.1";
    public const string HostAddress6 = "2001:db8::1";
    public const string OutsideAddress = "198.51.100.2";
    public const string OutsideAddress6 = "2001:db8::2";

    private readonly ScratchDirectory scratch = new();
    private readonly List<IDisposable> opened = [];

    private NetworkLab(HostStack host, HostStack outside)
    {
        Host = host;
        Outside = outside;
        State = StateDirectory.Open(scratch["state"]);
        Database = Database.Open(State);
        Records = new NetworkStore(Database);
        Stacks = new StackStore(Database);
        Database.Execute("INSERT INTO snapshots (id, created) VALUES ('aaaaaaaaaaaa', 0); INSERT INTO images (id, snapshot, key, config, created) VALUES ('aaaaaaaaaaaa', 'aaaaaaaaaaaa', '', '{}', 0)");
        Session = new Session(State);
        Lifecycle = NewCommand();
    }

    public HostStack Host { get; }

    public HostStack Outside { get; }

    public StateDirectory State { get; }

    public Database Database { get; }

    public Session Session { get; }

    public NetworkStore Records { get; }

    public StackStore Stacks { get; }

    public NetworkLifecycle Lifecycle { get; }

    /// <summary>Where the driver keeps stacks and hosts files.</summary>
    public string Directory => scratch["networks"];

    public static async Task<NetworkLab> OpenAsync()
    {
        var (host, outside) = (await HostStack.OpenAsync(), await HostStack.OpenAsync());
        host.Run($"""
            ip link add up0 type veth peer name eth0 netns {outside.Path}
            ip addr add {HostAddress}/24 dev up0
            ip addr add {HostAddress6}/64 dev up0 nodad
            ip link set up0 up
            """);
        outside.Run($"""
            ip addr add {OutsideAddress}/24 dev eth0
            ip addr add {OutsideAddress6}/64 dev eth0 nodad
            ip link set eth0 up
            ip route add default via {HostAddress}
            ip -6 route add default via {HostAddress6}
            """);
        host.Run($"ip route add default via {OutsideAddress}; ip -6 route add default via {OutsideAddress6}");
        return new NetworkLab(host, outside);
    }

    /// <summary>What another command of the same store would be.</summary>
    /// <param name="step">Told of each change of the host before it is made.</param>
    public NetworkLifecycle NewCommand(Action<string>? step = null, Session? session = null)
    {
        System.IO.Directory.CreateDirectory(Directory);
        var driver = LinuxNetworkDriver.On(Host.Path, new ProcessRunner(), Directory, step);
        opened.Add(driver);
        return new NetworkLifecycle(Records, Stacks, driver, Database, session ?? Session, State, TimeProvider.System);
    }

    /// <summary>The record of a container, with its addresses.</summary>
    public async Task<SnapshotId> ContainerAsync(string name, NetworkRequest request)
    {
        var id = SnapshotId.New();
        await Lifecycle.CheckAsync(request, CancellationToken.None);
        Database.Transact(() =>
        {
            Database.Execute(
                "INSERT INTO containers (id, name, image, snapshot, spec, state, session, created) VALUES ($1, $2, 'aaaaaaaaaaaa', 'aaaaaaaaaaaa', '{}', 'created', '', 0)", id.ToString(), name);
            Lifecycle.Attach(id, request);
            return id;
        });
        return id;
    }

    public Task<RaisedNetwork> RaiseAsync(SnapshotId id, NetworkRequest request) => RaiseAsync(Lifecycle, id, request);

    /// <summary>Brings up by the hands of another command what a container has, with its rules.</summary>
    public static async Task<RaisedNetwork> RaiseAsync(NetworkLifecycle command, SnapshotId id, NetworkRequest request)
    {
        var raised = await command.RaiseAsync(id, request, $"host-{id}", [], CancellationToken.None);
        await raised.Ready;
        return raised;
    }

    /// <summary>A container that runs.</summary>
    public async Task<LabContainer> StartAsync(string name, NetworkRequest request)
    {
        var id = await ContainerAsync(name, request);
        var raised = await RaiseAsync(id, request);
        return new LabContainer(id, (JailNetwork.Joined)raised.Network, Records.EndpointsOf(id)[0]);
    }

    public static NetworkRequest On(params string[] networks) => new() { Endpoints = [.. networks.Select(network => new EndpointRequest { Network = network })] };

    public void Serve(string stack, int port) => opened.Add(Wire.Serve(stack, port));

    public void Keep(IDisposable thing) => opened.Add(thing);

    /// <summary>What of ours is on the host: interfaces, tables, stacks, files, records.</summary>
    public IReadOnlyList<string> Remains() =>
    [
        .. Host.Run("ip -o link").Split('\n').Select(line => line.Split(": ")).Where(fields => fields.Length > 1).Select(fields => fields[1].Split('@')[0]).Where(name => name is not ("lo" or "up0" or "br-lab")),
        .. Host.Run("nft list tables").Split('\n', StringSplitOptions.RemoveEmptyEntries),
        .. System.IO.Directory.EnumerateFileSystemEntries(Directory),
        .. File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(Directory.Replace(" ", "\\040", StringComparison.Ordinal), StringComparison.Ordinal)),
        .. Database.Query("SELECT id FROM stacks UNION ALL SELECT stack FROM ports", reader => reader.GetString(0)),
    ];

    public async ValueTask DisposeAsync()
    {
        foreach (var (id, _) in Database.Query("SELECT id, session FROM stacks", reader => (SnapshotId.Parse(reader.GetString(0)), reader.GetString(1))))
        {
            await Lifecycle.LowerAsync(id, CancellationToken.None);
        }

        foreach (var thing in opened)
        {
            thing.Dispose();
        }

        Session.Dispose();
        Database.Dispose();
        await Host.DisposeAsync();
        await Outside.DisposeAsync();
        scratch.Dispose();
    }
}

/// <summary>A container that runs, as far as the network is concerned.</summary>
internal sealed record LabContainer(SnapshotId Id, JailNetwork.Joined Network, Endpoint Endpoint)
{
    public string Stack => Network.Stack;

    public string Address => Endpoint.Address?.ToString() ?? "";

    public string Address6 => Endpoint.Address6?.ToString() ?? "";
}
