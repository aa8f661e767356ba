using System.Text.RegularExpressions;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Microsoft.Data.Sqlite;

namespace Kleene.Build.Runtime.Containers;

/// <summary>Keeps the records of containers. Starts and stops nothing.</summary>
public sealed partial class ContainerStore(Database database)
{
    private const string Columns = "SELECT id, name, image, snapshot, spec, state, session, exit, created, started, finished FROM containers";

    /// <exception cref="KleeneException">The name is taken or is not a name.</exception>
    public void Add(Container container)
    {
        if (!NameForm().IsMatch(container.Name))
        {
            throw new KleeneException($"'{container.Name}' is not a container name; use letters, digits and . _ -, two at least, a letter or digit first");
        }

        var text = container.Id.ToString();
        var added = database.Execute(
            """
            INSERT INTO containers (id, name, image, snapshot, spec, state, session, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (name) DO NOTHING
            """,
            text,
            container.Name,
            container.ImageId,
            container.Snapshot.ToString(),
            container.Spec.ToJson(),
            StateText(container.State),
            container.Session,
            container.Created.ToUnixTimeMilliseconds());
        if (added == 0)
        {
            throw new KleeneException($"the container name '{container.Name}' is taken; remove that container with 'kleene rm {container.Name}', or choose another name");
        }
    }

    public void MarkRunning(SnapshotId id, string session, DateTimeOffset started) =>
        database.Execute(
            "UPDATE containers SET state = 'running', session = $2, started = $3, finished = NULL, exit = NULL WHERE id = $1",
            id.ToString(),
            session,
            started.ToUnixTimeMilliseconds());

    /// <param name="exitCode">Null when nobody saw it.</param>
    public void MarkExited(SnapshotId id, int? exitCode, DateTimeOffset finished) =>
        database.Execute(
            "UPDATE containers SET state = 'exited', exit = $2, finished = $3 WHERE id = $1 AND state = 'running'",
            id.ToString(),
            exitCode,
            finished.ToUnixTimeMilliseconds());

    public bool Remove(SnapshotId id) => database.Execute("DELETE FROM containers WHERE id = $1", id.ToString()) > 0;

    public bool IsRunning(SnapshotId id) =>
        database.QueryFirst("SELECT name FROM containers WHERE id = $1 AND state = 'running'", reader => reader.GetString(0), id.ToString()) is not null;

    public bool Has(SnapshotId id) => database.QueryFirst("SELECT name FROM containers WHERE id = $1", reader => reader.GetString(0), id.ToString()) is not null;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<Container> List() => database.Query($"{Columns} ORDER BY created DESC, id", Row);

    public IReadOnlyList<Container> ListRunning() => database.Query($"{Columns} WHERE state = 'running'", Row);

    /// <summary>Those that were made and that nobody has started yet, as far as their command is not known to have ended.</summary>
    public IReadOnlyList<Container> ListStarting() => database.Query($"{Columns} WHERE state = 'created' AND session <> ''", Row);

    /// <summary>A container whose maker is gone, and which waits for somebody to start it.</summary>
    public void MarkWaiting(SnapshotId id) => database.Execute("UPDATE containers SET session = '' WHERE id = $1 AND state = 'created'", id.ToString());

    public bool HasName(string name) => database.QueryFirst("SELECT name FROM containers WHERE name = $1", reader => reader.GetString(0), name) is not null;

    /// <summary>Finds a container by its name, its id or the beginning of one.</summary>
    /// <exception cref="ContainerNotFoundException">There is none.</exception>
    /// <exception cref="AmbiguousReferenceException">An id's beginning fits several.</exception>
    public Container Find(string reference)
    {
        if (database.QueryFirst($"{Columns} WHERE name = $1", Row, reference) is { } named)
        {
            return named;
        }

        var found = reference.Length > 0 && reference.All(char.IsAsciiHexDigitLower)
            ? database.Query($"{Columns} WHERE id >= $1 AND id < $2 LIMIT 10", Row, reference, reference + "g")
            : [];
        return found.Count switch
        {
            1 => found[0],
            0 => throw new ContainerNotFoundException(reference, Suggestion.Nearest(reference, List().Select(container => container.Name))),
            _ => throw new AmbiguousReferenceException(reference, found.Select(container => container.Id.ToString())),
        };
    }

    private static string StateText(ContainerState state) => state switch
    {
        ContainerState.Created => "created",
        ContainerState.Running => "running",
        _ => "exited",
    };

    private static Container Row(SqliteDataReader reader) => new()
    {
        Id = SnapshotId.Parse(reader.GetString(0)),
        Name = reader.GetString(1),
        ImageId = reader.GetString(2),
        Snapshot = SnapshotId.Parse(reader.GetString(3)),
        Spec = ContainerSpec.Parse(reader.GetString(4)),
        State = Enum.Parse<ContainerState>(reader.GetString(5), ignoreCase: true),
        Session = reader.GetString(6),
        ExitCode = reader.IsDBNull(7) ? null : reader.GetInt32(7),
        Created = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(8)),
        Started = reader.IsDBNull(9) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(9)),
        Finished = reader.IsDBNull(10) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(10)),
    };

    // Kleene's rule for container names.
    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]+\z")]
    private static partial Regex NameForm();
}
