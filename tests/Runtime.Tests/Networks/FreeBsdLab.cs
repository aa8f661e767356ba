using System.Text.RegularExpressions;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Networks.FreeBsd;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Networks;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>A FreeBSD host that is played, and the real driver and records on it.</summary>
internal sealed class FreeBsdLab : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);

    public FreeBsdLab()
    {
        State = StateDirectory.Open(scratch["state"]);
        Database = Database.Open(State);
        Records = new NetworkStore(Database);
        Stacks = new StackStore(Database);
        Database.Execute("INSERT INTO snapshots (id, created) VALUES ('aaaaaaaaaaaa', 0); INSERT INTO images (id, snapshot, key, config, created) VALUES ('aaaaaaaaaaaa', 'aaaaaaaaaaaa', '', '{}', 0)");
        Session = new Session(State);
        Lifecycle = NewCommand();
    }

    public PlayedFreeBsdNetworks Host { get; } = new();

    public StateDirectory State { get; }

    public Database Database { get; }

    public Session Session { get; }

    public NetworkStore Records { get; }

    public StackStore Stacks { get; }

    public NetworkLifecycle Lifecycle { get; }

    /// <summary>What the host was told, with names in the place of ids.</summary>
    public string Transcript => Named(Host.Transcript);

    /// <summary>The same without what was piped into its programs.</summary>
    public string CommandLines => Named(Host.CommandLines);

    /// <summary>What of ours is on the host and in the records.</summary>
    public IReadOnlyList<string> Remains => [.. Host.Remains, .. Database.Query("SELECT id FROM stacks UNION ALL SELECT stack FROM ports", reader => reader.GetString(0))];

    /// <summary>What another command of the same store would be.</summary>
    public NetworkLifecycle NewCommand(IProcessRunner? processes = null, Session? session = null) =>
        new(Records, Stacks, new FreeBsdNetworkDriver(processes ?? Host, "test", scratch["networks"], scratch["pf.lock"]), Database, session ?? Session, State, TimeProvider.System);

    public async Task<Network> NetworkAsync(NetworkSpec spec)
    {
        var network = await Lifecycle.CreateAsync(spec, CancellationToken.None);
        names[network.Id.ToString()] = $"<{spec.Name}>";
        return network;
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
        names[id.ToString()] = $"<{name}>";
        NameEndpoints(id, name);
        return id;
    }

    public Task<RaisedNetwork> RaiseAsync(SnapshotId id, NetworkRequest request) => NetworkLab.RaiseAsync(Lifecycle, id, request);

    public void NameEndpoints(SnapshotId id, string name)
    {
        foreach (var endpoint in Records.EndpointsOf(id))
        {
            names[endpoint.Id.ToString()] = $"<{name}@{Records.TryGet(endpoint.NetworkId)?.Name}>";
        }
    }

    /// <summary>What has no name is a slot of a build, or its place on a network.</summary>
    private string Named(string text) =>
        Regex.Replace(names.Aggregate(text, (text, name) => text.Replace(name.Key, name.Value, StringComparison.Ordinal)), "[0-9a-f]{12}", "<build>");

    public void Dispose()
    {
        Session.Dispose();
        Database.Dispose();
        scratch.Dispose();
    }
}
