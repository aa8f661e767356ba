using System.Text.RegularExpressions;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Containers;

/// <summary>Keeps the records of containers. Starts and stops nothing.</summary>
public sealed partial class ContainerStore(Database database)
{
    private const string Columns =
        "SELECT id, name, image, snapshot, spec, state, session, exit, created, started, finished, wanted, restarts, streak, oom, health FROM containers";

    private static readonly TimeSpan EndingsAreKept = TimeSpan.FromHours(1);

    /// <exception cref="KleeneException">The name is taken or is not a name.</exception>
    public void Add(Container container)
    {
        CheckName(container.Name);
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
            container.State.ToString().ToLowerInvariant(),
            container.Session,
            container.Created.ToUnixTimeMilliseconds());
        if (added == 0)
        {
            throw Taken(container.Name);
        }
    }

    /// <summary>Gives a container that was just added the users that were chosen for it.</summary>
    public Container Assign(Container container, UserRange users)
    {
        var spec = container.Spec with { Users = users };
        database.Execute("UPDATE containers SET spec = $2 WHERE id = $1", container.Id.ToString(), spec.ToJson());
        return container with { Spec = spec };
    }

    /// <summary>Says that somebody is about to start it. False when it is not any more as the caller has read it: stopped, removed, or being started by another.</summary>
    public bool TryMarkStarting(Container container, string session) =>
        database.Execute(
            "UPDATE containers SET state = 'starting', session = $2 WHERE id = $1 AND session = $3 AND state = $4 AND state IN ('created', 'exited', 'restarting')",
            container.Id.ToString(),
            session,
            container.Session,
            container.State.ToString().ToLowerInvariant()) > 0;

    /// <summary>False when the session does not have it in hand.</summary>
    /// <param name="health">Null where it is not checked.</param>
    public bool TryMarkRunning(SnapshotId id, string session, DateTimeOffset started, ContainerHealth? health) =>
        database.Execute(
            "UPDATE containers SET state = 'running', started = $3, finished = NULL, exit = NULL, oom = 0, health = $4 WHERE id = $1 AND session = $2",
            id.ToString(),
            session,
            started.ToUnixTimeMilliseconds(),
            health?.ToJson()) > 0;

    /// <summary>Says that it is to end, so that no policy starts it again.</summary>
    public void MarkUnwanted(SnapshotId id) => database.Execute("UPDATE containers SET wanted = 0 WHERE id = $1", id.ToString());

    /// <summary>Says that it is to run again with the machine, and not before: 2 is as good as 1, except for its policy (<see cref="TryMarkRestarting"/>).</summary>
    public void MarkWantedWithMachine(SnapshotId id) => database.Execute("UPDATE containers SET wanted = 2 WHERE id = $1", id.ToString());

    /// <summary>Says that somebody, and not its policy, starts it: counting begins anew.</summary>
    public void MarkWanted(SnapshotId id) => database.Execute("UPDATE containers SET wanted = 1, restarts = 0, streak = 0 WHERE id = $1", id.ToString());

    /// <summary>Records the end of a run. What is left of that is still its session's, until <see cref="MarkClean"/>.</summary>
    /// <param name="end">Null when nobody saw it.</param>
    public void MarkExited(SnapshotId id, string session, JailEnd? end, DateTimeOffset finished) =>
        database.Transact(() =>
        {
            var time = finished.ToUnixTimeMilliseconds();
            database.Execute("DELETE FROM endings WHERE finished < $1", time - (long)EndingsAreKept.TotalMilliseconds);
            var outOfMemory = end is { OutOfMemory: true } ? 1 : 0;
            database.Execute("INSERT OR REPLACE INTO endings (session, exit, finished, oom) VALUES ($1, $2, $3, $4)", session, end?.ExitCode, time, outOfMemory);
            return database.Execute(
                "UPDATE containers SET state = 'exited', exit = $3, oom = $4, finished = $5 WHERE id = $1 AND session = $2",
                id.ToString(),
                session,
                end?.ExitCode,
                outOfMemory,
                time);
        });

    /// <summary>How a run ended; null when that is not known, or not any more.</summary>
    public JailEnd? TryFindEnding(string session) =>
        database.QueryFirst("SELECT exit, oom FROM endings WHERE session = $1", reader => new JailEnd(reader.IsNull(0) ? null : reader.GetInt32(0), reader.GetInt64(1) != 0), session);

    /// <summary>Nothing of its run is left, and nobody has it in hand.</summary>
    public void MarkClean(SnapshotId id, string session) =>
        database.Execute(
            "UPDATE containers SET session = '', state = CASE state WHEN 'restarting' THEN 'exited' ELSE state END WHERE id = $1 AND session = $2", id.ToString(), session);

    /// <summary>Its policy will start it again; somebody waits for that moment.</summary>
    public bool TryMarkRestarting(SnapshotId id, string session, int streak) =>
        database.Execute(
            "UPDATE containers SET state = 'restarting', session = $2, streak = $3, restarts = restarts + 1 WHERE id = $1 AND state = 'exited' AND session = '' AND wanted = 1",
            id.ToString(),
            session,
            streak) > 0;

    /// <summary>Whoever would have started it again is not to.</summary>
    public bool TryMarkStopped(SnapshotId id) =>
        database.Execute("UPDATE containers SET state = 'exited', session = '' WHERE id = $1 AND state = 'restarting'", id.ToString()) > 0;

    /// <exception cref="KleeneException">The name is taken or is not a name.</exception>
    public void Rename(Container container, string name)
    {
        CheckName(name);
        if (TryFindName(name) is { } other && other.Id != container.Id)
        {
            throw Taken(name);
        }

        database.Execute("UPDATE containers SET name = $2 WHERE id = $1", container.Id.ToString(), name);
    }

    public void SetHealth(SnapshotId id, string session, ContainerHealth health) =>
        database.Execute("UPDATE containers SET health = $3 WHERE id = $1 AND session = $2", id.ToString(), session, health.ToJson());

    /// <summary>Changes how it runs from its next start on.</summary>
    public void Change(SnapshotId id, ContainerSpec spec) => database.Execute("UPDATE containers SET spec = $2 WHERE id = $1", id.ToString(), spec.ToJson());

    public bool Remove(SnapshotId id) => database.Execute("DELETE FROM containers WHERE id = $1", id.ToString()) > 0;

    /// <summary>Whether it runs, or somebody is about to start it.</summary>
    public bool IsRunning(SnapshotId id) =>
        database.QueryFirst("SELECT name FROM containers WHERE id = $1 AND state IN ('starting', 'running')", reader => reader.GetString(0), id.ToString()) is not null;

    /// <summary>Whether a run, or the start of one, is in its record.</summary>
    public bool IsBusy(SnapshotId id, string session) =>
        database.QueryFirst(
            "SELECT name FROM containers WHERE id = $1 AND session = $2 AND state IN ('starting', 'running')", reader => reader.GetString(0), id.ToString(), session) is not null;

    public bool Has(SnapshotId id) => database.QueryFirst("SELECT name FROM containers WHERE id = $1", reader => reader.GetString(0), id.ToString()) is not null;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<Container> List() => database.Query($"{Columns} ORDER BY created DESC, id", Row);

    /// <summary>Newest first: those that run, or are about to.</summary>
    public IReadOnlyList<Container> ListActive() =>
        database.Query($"{Columns} WHERE state IN ('starting', 'running', 'restarting') ORDER BY created DESC, id", Row);

    /// <summary>Whether the records have been brought into line since the machine came up.</summary>
    /// <param name="bootId">Null where the machine does not tell its runs apart.</param>
    internal bool IsSweptIn(string? bootId) =>
        bootId is null || database.QueryFirst("SELECT value FROM facts WHERE name = 'swept'", reader => reader.GetString(0)) == bootId;

    internal void MarkSweptIn(string? bootId) => database.Execute("INSERT OR REPLACE INTO facts (name, value) VALUES ('swept', $1)", bootId);

    /// <summary>Those that somebody has in hand.</summary>
    internal IReadOnlyList<(SnapshotId Id, ContainerState State, string Session)> ListHeld() =>
        database.Query(
            "SELECT id, state, session FROM containers WHERE session <> ''",
            reader => (SnapshotId.Parse(reader.GetString(0)), Enum.Parse<ContainerState>(reader.GetString(1), ignoreCase: true), reader.GetString(2)));

    public Container? TryFind(SnapshotId id) => database.QueryFirst($"{Columns} WHERE id = $1", Row, id.ToString());

    public Container? TryFindName(string name) => database.QueryFirst($"{Columns} WHERE name = $1", Row, name);

    public bool HasName(string name) => database.QueryFirst("SELECT name FROM containers WHERE name = $1", reader => reader.GetString(0), name) is not null;

    /// <summary>Finds a container by its name, its id or the beginning of one.</summary>
    /// <exception cref="ContainerNotFoundException">There is none.</exception>
    /// <exception cref="AmbiguousReferenceException">An id's beginning fits several.</exception>
    public Container Find(string reference)
    {
        if (TryFindName(reference) is { } named)
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

    private static void CheckName(string name)
    {
        if (!NameForm().IsMatch(name))
        {
            throw new KleeneException($"'{name}' is not a container name; use letters, digits and . _ -, two at least, a letter or digit first");
        }
    }

    private static KleeneException Taken(string name) =>
        new($"the container name '{name}' is taken; remove that container with 'kleene rm {name}', or choose another name");

    private static Container Row(RowReader reader) => new()
    {
        Id = SnapshotId.Parse(reader.GetString(0)),
        Name = reader.GetString(1),
        ImageId = reader.GetString(2),
        Snapshot = SnapshotId.Parse(reader.GetString(3)),
        Stored = reader.GetString(4),
        State = Enum.Parse<ContainerState>(reader.GetString(5), ignoreCase: true),
        Session = reader.GetString(6),
        ExitCode = reader.IsNull(7) ? null : reader.GetInt32(7),
        Created = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(8)),
        Started = reader.IsNull(9) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(9)),
        Finished = reader.IsNull(10) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(10)),
        IsWanted = reader.GetInt64(11) != 0,
        Restarts = reader.GetInt32(12),
        Streak = reader.GetInt32(13),
        OutOfMemory = reader.GetInt64(14) != 0,
        Health = reader.IsNull(15) ? null : ContainerHealth.Parse(reader.GetString(15)),
    };

    // Kleene's rule for container names.
    [GeneratedRegex(@"^[a-zA-Z0-9][a-zA-Z0-9_.-]+\z")]
    private static partial Regex NameForm();
}
