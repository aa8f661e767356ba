using System.Net;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>
/// Keeps which network stacks are up, or half made, or half gone, and the ports that they have. What stands here may exist on the host; what
/// does not, does not.
/// </summary>
public sealed class StackStore(Database database)
{
    /// <summary>Where <see cref="NamesIn"/> has addresses.</summary>
    private static readonly int[] AddressColumns = [3, 4];

    private const string PortColumns = "SELECT protocol, address, interface, host, container, count FROM ports";

    /// <summary>Says that a stack is about to be made.</summary>
    /// <param name="session">The command that has to take it down, and without which nobody wants it; empty for a container.</param>
    /// <param name="hostname">What it is called by itself.</param>
    /// <param name="hosts">The lines of its hosts file that do not change.</param>
    internal void Announce(StackSpec stack, string session, string hostname, string hosts) =>
        database.Execute(
            """
            INSERT INTO stacks (id, kind, session, hostname, hosts, leaving) VALUES ($1, $2, $3, $4, $5, 0)
            ON CONFLICT (id) DO UPDATE SET kind = $2, session = $3, hostname = $4, hosts = $5, leaving = 0
            """,
            stack.Id.ToString(),
            stack.Kind.ToString().ToLowerInvariant(),
            session,
            hostname,
            hosts);

    /// <summary>What a stack is called by itself from now on.</summary>
    internal void Rename(SnapshotId id, string hostname, string hosts) =>
        database.Execute("UPDATE stacks SET hostname = $2, hosts = $3 WHERE id = $1", id.ToString(), hostname, hosts);

    /// <summary>From here on nothing is promised of it any more.</summary>
    internal void Renounce(SnapshotId id)
    {
        database.Execute("UPDATE stacks SET leaving = 1 WHERE id = $1", id.ToString());
        database.Execute("DELETE FROM ports WHERE stack = $1", id.ToString());
    }

    internal void Forget(SnapshotId id) => database.Execute("DELETE FROM stacks WHERE id = $1", id.ToString());

    internal bool Has(SnapshotId id) => TryGet(id) is not null;

    /// <summary>One that is up, or half made, or half gone.</summary>
    internal StackSpec? TryGet(SnapshotId id) =>
        database.QueryFirst("SELECT kind FROM stacks WHERE id = $1", reader => new StackSpec(id, Enum.Parse<NetworkDriver>(reader.GetString(0), ignoreCase: true)), id.ToString());

    internal bool IsUp(SnapshotId id) =>
        database.QueryFirst("SELECT id FROM stacks WHERE id = $1 AND leaving = 0", reader => reader.GetString(0), id.ToString()) is not null;

    internal bool HasAny() => database.QueryFirst("SELECT id FROM stacks LIMIT 1", reader => reader.GetString(0)) is not null;

    /// <summary>Those that nobody may want any more: of commands, of containers that are not there, and those that somebody has begun to take down.</summary>
    internal IReadOnlyList<(SnapshotId Id, string Session)> ListDoubtful() =>
        database.Query(
            "SELECT id, session FROM stacks WHERE session <> '' OR leaving = 1 OR id NOT IN (SELECT id FROM containers)",
            reader => (SnapshotId.Parse(reader.GetString(0)), reader.GetString(1)));

    /// <summary>What a stack is called by itself, and the lines of its hosts file that do not change; null when it is not up.</summary>
    internal (string Hostname, string Hosts)? HostsOf(SnapshotId id) =>
        database.Query("SELECT hostname, hosts FROM stacks WHERE id = $1 AND leaving = 0", reader => (reader.GetString(0), reader.GetString(1)), id.ToString()) is [var found]
            ? found
            : null;

    /// <summary>The addresses of those that are up on a network, of both families.</summary>
    internal IReadOnlyList<IPAddress> AddressesOn(SnapshotId network) =>
        database.Query(
            """
            SELECT e.address FROM stacks s JOIN endpoints e ON e.owner = s.id WHERE e.network = $1 AND s.leaving = 0 AND e.address IS NOT NULL
            UNION ALL SELECT e.address6 FROM stacks s JOIN endpoints e ON e.owner = s.id WHERE e.network = $1 AND s.leaving = 0 AND e.address6 IS NOT NULL
            ORDER BY 1
            """,
            reader => IPAddress.Parse(reader.GetString(0)),
            network.ToString());

    /// <summary>Those that are up on a network.</summary>
    internal IReadOnlyList<SnapshotId> ListOn(SnapshotId network) =>
        database.Query(
            "SELECT s.id FROM stacks s JOIN endpoints e ON e.owner = s.id WHERE e.network = $1 AND s.leaving = 0",
            reader => SnapshotId.Parse(reader.GetString(0)),
            network.ToString());

    /// <summary>Who can be found by name on a network: the addresses of the containers that run, each with its name, its id and its aliases.</summary>
    internal IReadOnlyList<(IReadOnlyList<string> Addresses, IReadOnlyList<string> Names)> NamesIn(SnapshotId network) =>
        database.Query<(IReadOnlyList<string>, IReadOnlyList<string>)>(
            """
            SELECT c.id, c.name, e.aliases, e.address, e.address6 FROM stacks s JOIN endpoints e ON e.owner = s.id JOIN containers c ON c.id = s.id
            WHERE e.network = $1 AND s.leaving = 0 ORDER BY c.name
            """,
            reader => (
                [.. AddressColumns.Where(column => !reader.IsNull(column)).Select(reader.GetString)],
                [reader.GetString(1), reader.GetString(0), .. reader.GetString(2).Split(' ', StringSplitOptions.RemoveEmptyEntries)]),
            network.ToString());

    /// <summary>The networks that some stack is on.</summary>
    internal IReadOnlySet<SnapshotId> NetworksUp() =>
        database.Query("SELECT DISTINCT e.network FROM stacks s JOIN endpoints e ON e.owner = s.id WHERE s.leaving = 0", reader => SnapshotId.Parse(reader.GetString(0))).ToHashSet();

    internal void Add(SnapshotId stack, PortPublication port) =>
        database.Execute(
            "INSERT INTO ports (stack, protocol, address, interface, host, container, count) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            stack.ToString(),
            port.Protocol.ToString().ToLowerInvariant(),
            port.HostAddress,
            port.HostInterface,
            port.HostPort,
            port.ContainerPort,
            port.Count);

    /// <summary>The ports of the host that lead to a container now; none while it does not run.</summary>
    public IReadOnlyList<PortPublication> PortsOf(SnapshotId container) =>
        database.Query($"{PortColumns} WHERE stack = $1 ORDER BY rowid", Row, container.ToString());

    /// <summary>All that are published, by whom.</summary>
    public IReadOnlyList<(SnapshotId Stack, PortPublication Port)> Ports() =>
        database.Query(
            "SELECT protocol, address, interface, host, container, count, stack FROM ports ORDER BY stack, rowid",
            reader => (SnapshotId.Parse(reader.GetString(6)), Row(reader)));

    /// <summary>The names of containers, by their ids; a slot of a build has none.</summary>
    internal string NameOf(SnapshotId id) =>
        database.QueryFirst("SELECT name FROM containers WHERE id = $1", reader => reader.GetString(0), id.ToString()) ?? "";

    private static PortPublication Row(RowReader reader) => new()
    {
        Protocol = Enum.Parse<PortProtocol>(reader.GetString(0), ignoreCase: true),
        HostAddress = reader.GetString(1),
        HostInterface = reader.GetString(2),
        HostPort = reader.GetInt32(3),
        ContainerPort = reader.GetInt32(4),
        Count = reader.GetInt32(5),
    };
}
