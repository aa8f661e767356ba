using System.Net;
using System.Text.RegularExpressions;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>Keeps the records of networks and of who is on them. Touches no interface.</summary>
public sealed partial class NetworkStore(Database database)
{
    private const string Columns =
        "SELECT id, name, type, interface, subnet, subnet6, gateway, gateway6, nat, nat_interface, neighbours, internal, automatic, created FROM networks";

    private const string EndpointColumns = "SELECT id, network, owner, address, address6, aliases FROM endpoints";

    /// <summary>False when the name is taken.</summary>
    public bool TryAdd(Network network) =>
        database.Execute(
            """
            INSERT INTO networks (id, name, type, interface, subnet, subnet6, gateway, gateway6, nat, nat_interface, neighbours, internal, automatic, created)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (name) DO NOTHING
            """,
            network.Id.ToString(),
            network.Name,
            network.Type.ToString().ToLowerInvariant(),
            network.Interface,
            network.Subnet?.ToString(),
            network.Subnet6?.ToString(),
            network.Gateway?.ToString(),
            network.Gateway6?.ToString(),
            network.HasNat,
            network.NatInterface,
            network.AllowsNeighbours,
            network.IsInternal,
            network.IsAutomatic,
            network.Created.ToUnixTimeMilliseconds()) > 0;

    /// <summary>Other addresses for a network and for those who are on it.</summary>
    internal void Move(Network network, IPNetwork subnet, IPAddress? gateway, IEnumerable<Endpoint> endpoints)
    {
        database.Execute("UPDATE networks SET subnet = $2, gateway = $3 WHERE id = $1", network.Id.ToString(), subnet.ToString(), gateway?.ToString());
        foreach (var endpoint in endpoints)
        {
            database.Execute("UPDATE endpoints SET address = $2 WHERE id = $1", endpoint.Id.ToString(), endpoint.Address?.ToString());
        }
    }

    public bool Remove(SnapshotId id) => database.Execute("DELETE FROM networks WHERE id = $1", id.ToString()) > 0;

    /// <summary>By name.</summary>
    public IReadOnlyList<Network> List() => database.Query($"{Columns} ORDER BY name", Row);

    public Network? TryFind(string name) => database.QueryFirst($"{Columns} WHERE name = $1", Row, name);

    public Network? TryGet(SnapshotId id) => database.QueryFirst($"{Columns} WHERE id = $1", Row, id.ToString());

    /// <summary>Finds a network by its name, its id or the beginning of one.</summary>
    /// <exception cref="NetworkNotFoundException">There is none.</exception>
    /// <exception cref="AmbiguousReferenceException">An id's beginning fits several.</exception>
    public Network Find(string reference)
    {
        if (TryFind(reference) is { } named)
        {
            return named;
        }

        var found = reference.Length > 0 && reference.All(char.IsAsciiHexDigitLower)
            ? database.Query($"{Columns} WHERE id >= $1 AND id < $2 LIMIT 10", Row, reference, reference + "g")
            : [];
        return found.Count switch
        {
            1 => found[0],
            0 => throw new NetworkNotFoundException(reference, Suggestion.Nearest(reference, List().Select(network => network.Name))),
            _ => throw new AmbiguousReferenceException(reference, found.Select(network => network.Id.ToString())),
        };
    }

    /// <exception cref="KleeneException">It cannot name a network.</exception>
    public static string Checked(string name) => NameForm().IsMatch(name)
        ? name
        : throw new KleeneException($"'{name}' is not a network name; use letters, digits and . _ -, a letter or digit first, and no more than 200");

    /// <summary>Whether a text may stand in a hosts file as a name of a container.</summary>
    public static bool IsHostName(string name) => NameForm().IsMatch(name) && !name.Equals("localhost", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a text may name an interface of the host.</summary>
    public static bool IsInterfaceName(string name) => InterfaceForm().IsMatch(name) && name is not "." and not "..";

    internal void Add(Endpoint endpoint, int position) =>
        database.Execute(
            "INSERT INTO endpoints (id, network, owner, position, address, address6, aliases) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            endpoint.Id.ToString(),
            endpoint.NetworkId.ToString(),
            endpoint.Owner.ToString(),
            position,
            endpoint.Address?.ToString(),
            endpoint.Address6?.ToString(),
            string.Join(' ', endpoint.Aliases));

    internal bool Remove(Endpoint endpoint) => database.Execute("DELETE FROM endpoints WHERE id = $1", endpoint.Id.ToString()) > 0;

    internal void RemoveEndpointsOf(SnapshotId owner) => database.Execute("DELETE FROM endpoints WHERE owner = $1", owner.ToString());

    /// <summary>Where a container is connected, in the order in which it was.</summary>
    public IReadOnlyList<Endpoint> EndpointsOf(SnapshotId owner) =>
        database.Query($"{EndpointColumns} WHERE owner = $1 ORDER BY position, id", EndpointRow, owner.ToString());

    /// <summary>Who is on a network.</summary>
    public IReadOnlyList<Endpoint> EndpointsIn(SnapshotId network) =>
        database.Query($"{EndpointColumns} WHERE network = $1 ORDER BY position, id", EndpointRow, network.ToString());

    /// <summary>Those of containers that publish ports now.</summary>
    internal IReadOnlyList<Endpoint> EndpointsWithPorts() =>
        database.Query($"{EndpointColumns} WHERE owner IN (SELECT stack FROM ports) ORDER BY owner, position, id", EndpointRow);

    public bool HasEndpoints(SnapshotId network) =>
        database.QueryFirst("SELECT id FROM endpoints WHERE network = $1 LIMIT 1", reader => reader.GetString(0), network.ToString()) is not null;

    private static Network Row(RowReader reader) => new()
    {
        Id = SnapshotId.Parse(reader.GetString(0)),
        Name = reader.GetString(1),
        Type = Enum.Parse<NetworkType>(reader.GetString(2), ignoreCase: true),
        Interface = reader.GetString(3),
        Subnet = reader.IsNull(4) ? null : IPNetwork.Parse(reader.GetString(4)),
        Subnet6 = reader.IsNull(5) ? null : IPNetwork.Parse(reader.GetString(5)),
        Gateway = Address(reader, 6),
        Gateway6 = Address(reader, 7),
        HasNat = reader.GetBoolean(8),
        NatInterface = reader.GetString(9),
        AllowsNeighbours = reader.GetBoolean(10),
        IsInternal = reader.GetBoolean(11),
        IsAutomatic = reader.GetBoolean(12),
        Created = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(13)),
    };

    private static Endpoint EndpointRow(RowReader reader) => new()
    {
        Id = SnapshotId.Parse(reader.GetString(0)),
        NetworkId = SnapshotId.Parse(reader.GetString(1)),
        Owner = SnapshotId.Parse(reader.GetString(2)),
        Address = Address(reader, 3),
        Address6 = Address(reader, 4),
        Aliases = [.. reader.GetString(5).Split(' ', StringSplitOptions.RemoveEmptyEntries)],
    };

    private static IPAddress? Address(RowReader reader, int column) => reader.IsNull(column) ? null : IPAddress.Parse(reader.GetString(column));

    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,199}\z")]
    private static partial Regex NameForm();

    // The kernel forbids '/', ':' and blanks (dev_valid_name); we allow what needs no quoting anywhere.
    [GeneratedRegex(@"^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,14}\z")]
    private static partial Regex InterfaceForm();
}
