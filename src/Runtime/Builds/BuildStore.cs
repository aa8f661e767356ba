using System.Text.Json;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Builds;

/// <summary>Keeps what builds were asked and what became of it, and what the keys of their steps were made of. Nothing else depends on it.</summary>
public sealed class BuildStore(Database database, Session session)
{
    private const string Columns = "SELECT id, name, started, duration, state, session, image, detail FROM builds";

    /// <summary>Writes a build down, in place of what was written of it before.</summary>
    public void Save(BuildRecord build) =>
        database.Execute(
            """
            INSERT INTO builds (id, name, place, started, duration, state, session, image, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (id) DO UPDATE SET duration = $5, state = $6, session = $7, image = $8, detail = $9
            """,
            build.Id,
            build.Name,
            PlaceOf(build),
            build.Started.ToUnixTimeMilliseconds(),
            (long)build.Duration.TotalMilliseconds,
            StateText(build.State),
            build.State == BuildState.Running ? build.Session : "",
            build.Image,
            BuildDetailJson.Write(build.Detail));

    /// <summary>Finds a build by the beginning of its id.</summary>
    /// <exception cref="AmbiguousBuildException">It fits several.</exception>
    public BuildRecord? TryFind(string text)
    {
        if (text.Length == 0 || text.Length > SnapshotId.Length || !text.All(char.IsAsciiHexDigitLower))
        {
            return null;
        }

        var fitting = database.Query($"{Columns} WHERE id >= $1 AND id < $2 LIMIT 10", Row, text, text + "g");
        return fitting.Count > 1 ? throw new AmbiguousBuildException(text, fitting.Select(build => build.Id)) : fitting.FirstOrDefault();
    }

    /// <exception cref="BuildNotFoundException">There is none.</exception>
    public BuildRecord Find(string text) => TryFind(text) ?? throw new BuildNotFoundException(text);

    /// <summary>The build that made an image: the first that ended with it.</summary>
    public BuildRecord? FindByImage(string imageId) => database.QueryFirst($"{Columns} WHERE image = $1 ORDER BY rowid LIMIT 1", Row, imageId);

    /// <summary>The build that was begun last.</summary>
    public BuildRecord? Latest() => database.QueryFirst($"{Columns} ORDER BY rowid DESC LIMIT 1", Row);

    /// <summary>The latest builds of the same file or the same name that were begun before another, the latest first.</summary>
    public IReadOnlyList<BuildRecord> Before(BuildRecord build, int most) =>
        database.Query(
            $"""
            {Columns} WHERE (place = $1 OR (name = $2 AND $2 <> '')) AND rowid < coalesce((SELECT rowid FROM builds WHERE id = $3), 9223372036854775807)
            ORDER BY rowid DESC LIMIT $4
            """,
            Row,
            PlaceOf(build),
            build.Name,
            build.Id,
            most);

    /// <summary>Those that run now, of whichever process.</summary>
    public IReadOnlyList<BuildRecord> ListRunning() => [.. database.Query($"{Columns} WHERE state = 'running'", Row).Where(build => build.State == BuildState.Running)];

    /// <summary>All of them, the latest first.</summary>
    public IReadOnlyList<BuildRecord> List() => database.Query($"{Columns} ORDER BY rowid DESC", Row);

    /// <summary>Writes down what a key was made of, with the files that it stands for. Their list is only made when it is not there yet.</summary>
    public void SaveKey(string key, KeyRecord record, IEnumerable<(string Digest, Func<FileList> List)> files)
    {
        foreach (var (digest, list) in files)
        {
            if (database.QueryFirst("SELECT digest FROM file_lists WHERE digest = $1", reader => reader.GetString(0), digest) is null)
            {
                database.Execute("INSERT OR IGNORE INTO file_lists (digest, files) VALUES ($1, $2)", digest, list().Pack());
            }
        }

        database.Execute("INSERT OR REPLACE INTO key_records (key, inputs) VALUES ($1, $2)", key, JsonSerializer.Serialize(record, BuildJson.Default.KeyRecord));
    }

    /// <summary>Null when the step with that key ran before keys were recorded, or its record was removed.</summary>
    public KeyRecord? FindKey(string key) =>
        database.QueryFirst("SELECT inputs FROM key_records WHERE key = $1", reader => reader.GetString(0), key) is { } text
            ? JsonSerializer.Deserialize(text, BuildJson.Default.KeyRecord)
            : null;

    /// <summary>The files that a digest was made of; null when they are not known.</summary>
    public FileList? FindFiles(string digest) =>
        database.QueryFirst("SELECT files FROM file_lists WHERE digest = $1", reader => reader.GetBytes(0), digest) is { } packed ? FileList.Unpack(packed) : null;

    /// <summary>Forgets builds, and all that only they had. Gone already: succeeds.</summary>
    public void Remove(IReadOnlyCollection<BuildRecord> builds) =>
        database.Transact(() =>
        {
            foreach (var build in builds)
            {
                database.Execute("DELETE FROM builds WHERE id = $1", build.Id);
            }

            database.Execute("DELETE FROM key_records WHERE key NOT IN (SELECT json_extract(step.value, '$.key') FROM builds, json_each(builds.detail, '$.steps') AS step)");
            return database.Execute(
                """
                DELETE FROM file_lists WHERE digest NOT IN (
                    SELECT json_extract(input.value, '$.values[0]') FROM key_records, json_each(key_records.inputs, '$.inputs') AS input
                    WHERE json_extract(input.value, '$.kind') = 'Files')
                """);
        });

    /// <summary>Forgets the oldest builds when there are clearly more than so many: now and then, and then many at once.</summary>
    /// <returns>Those that are forgotten, whose logs may go.</returns>
    public IReadOnlyList<BuildRecord> Trim(int most)
    {
        var count = database.Query("SELECT count(*) FROM builds", reader => reader.GetInt32(0))[0];
        if (count <= most + (most / 10))
        {
            return [];
        }

        var oldest = database.Query($"{Columns} ORDER BY rowid LIMIT $1", Row, count - most).Where(build => build.State != BuildState.Running).ToList();
        Remove(oldest);
        return oldest;
    }

    private BuildRecord Row(RowReader reader)
    {
        var owner = reader.GetString(5);
        var state = Enum.Parse<BuildState>(reader.GetString(4), ignoreCase: true);
        return new BuildRecord
        {
            Id = reader.GetString(0),
            Name = reader.GetString(1),
            Started = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(2)),
            Duration = TimeSpan.FromMilliseconds(reader.GetInt64(3)),
            State = state == BuildState.Running && session.IsOver(owner) ? BuildState.Killed : state,
            Session = owner,
            Image = reader.IsNull(6) ? null : reader.GetString(6),
            Detail = JsonSerializer.Deserialize(reader.GetString(7), BuildJson.Default.BuildDetail) ?? throw new JsonException("the detail of a build is null"),
        };
    }

    private static string StateText(BuildState state) => state switch
    {
        BuildState.Running => "running",
        BuildState.Done => "done",
        BuildState.Failed => "failed",
        _ => "stopped",
    };

    /// <summary>What builds of one thing have in common, whatever its name.</summary>
    private static string PlaceOf(BuildRecord build) => $"{build.Detail.Context}\n{build.Detail.Kleenefile}\n{build.Detail.Target}";
}

/// <summary>No build has that id.</summary>
public sealed class BuildNotFoundException(string text) : KleeneException($"there is no build '{text}'; 'kleene builds ls' shows those there are");

/// <summary>The beginning of an id fits several builds.</summary>
public sealed class AmbiguousBuildException(string text, IEnumerable<string> candidates) : KleeneException($"'{text}' fits several builds: {string.Join(", ", candidates)}; write more of the id");
