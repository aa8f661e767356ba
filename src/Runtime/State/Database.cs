using System.Globalization;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.State;

/// <summary>
/// The index and the truth: a snapshot, an image or a container exists once its transaction has committed. Several commands share
/// the file (SQLite in WAL mode); within one, calls are serialised.
/// </summary>
public sealed class Database : IDisposable
{
    private const int BusySeconds = 60;

    /// <summary>When the log is written back, in pages of 4 KiB: rarely enough not to be felt, and early enough for the next start to read it in no time.</summary>
    private const int CheckpointPages = 128;

    private const int PageBytes = 4096;

    private readonly SqliteHandle handle;
    private readonly StateDirectory state;
    private readonly Lock gate = new();

    private Database(SqliteHandle handle, StateDirectory state)
    {
        this.handle = handle;
        this.state = state;
    }

    /// <exception cref="KleeneException">The file cannot be read or written, or a newer version made it.</exception>
    public static Database Open(StateDirectory state)
    {
        Database database;
        try
        {
            database = new Database(SqliteHandle.Open(state.Database, TimeSpan.FromSeconds(BusySeconds)), state);
        }
        catch (SqliteFailure failure)
        {
            throw Told(state, failure);
        }

        try
        {
            // NORMAL: a crash of the machine may take the last transactions with it, but never the database.
            database.Execute($"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = {CheckpointPages}");
            Migrate(database);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Runs statements that return nothing; gives the number of rows changed. Parameters are <c>$1</c>, <c>$2</c>, …</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> parameters)
    {
        using var traced = Tracer.Begin("sql", sql);
        lock (gate)
        {
            try
            {
                return handle.Run(sql, parameters);
            }
            catch (SqliteFailure failure)
            {
                throw Told(state, failure);
            }
        }
    }

    public List<T> Query<T>(string sql, Func<RowReader, T> row, params ReadOnlySpan<object?> parameters)
    {
        using var traced = Tracer.Begin("sql", sql);
        lock (gate)
        {
            var rows = new List<T>();
            try
            {
                handle.Run(sql, parameters, reader => rows.Add(row(reader)));
            }
            catch (SqliteFailure failure)
            {
                throw Told(state, failure);
            }

            return rows;
        }
    }

    public T? QueryFirst<T>(string sql, Func<RowReader, T> row, params ReadOnlySpan<object?> parameters)
        where T : class
    {
        var rows = Query(sql, row, parameters);
        return rows.Count == 0 ? null : rows[0];
    }

    /// <summary>All or nothing. Others' writes wait, so what the work reads stays true until it is committed.</summary>
    public T Transact<T>(Func<T> work)
    {
        using var traced = Tracer.Begin("transaction");
        lock (gate)
        {
            Execute("BEGIN IMMEDIATE");
            try
            {
                var result = work();
                Execute("COMMIT");
                return result;
            }
            catch
            {
                // After some failures SQLite has taken it back already.
                if (handle.IsInTransaction)
                {
                    Execute("ROLLBACK");
                }

                throw;
            }
        }
    }

    /// <summary>What SQLite finds wrong in its file and in the references between tables; nothing when all is well.</summary>
    public IReadOnlyList<string> Check() =>
    [
        .. Query("PRAGMA integrity_check", reader => reader.GetString(0)).Where(line => line != "ok"),
        .. Query("PRAGMA foreign_key_check", reader => $"a row of '{reader.GetString(0)}' names something in '{reader.GetString(2)}' that is not there"),
    ];

    /// <summary>
    /// What SQLite writes back by itself stays in the log until the process that did it writes again. Most of ours write once, at their end, and the
    /// next one knows nothing of that: so a log that is long is emptied here, or it would grow with every command and be read by each.
    /// </summary>
    public void Dispose()
    {
        if (new FileInfo(state.Database + "-wal") is { Exists: true, Length: >= CheckpointPages * PageBytes })
        {
            handle.EmptyLog();
        }

        handle.Dispose();
    }

    private static void Migrate(Database database)
    {
        var version = database.Version();
        if (version == Schema.Migrations.Length)
        {
            return;
        }

        database.Transact(() =>
        {
            // Another command may have been faster while this one waited.
            version = database.Version();
            if (version > Schema.Migrations.Length)
            {
                throw new KleeneException($"state directory '{database.state.Root}' was made by a newer kleene (schema {version}); use that one, or another --root");
            }

            foreach (var migration in Schema.Migrations.AsSpan()[version..])
            {
                database.Execute(migration);
            }

            return database.Execute($"PRAGMA user_version = {Schema.Migrations.Length.ToString(CultureInfo.InvariantCulture)}");
        });
    }

    private int Version() => int.Parse(QueryFirst("PRAGMA user_version", reader => reader.GetString(0)) ?? "0", CultureInfo.InvariantCulture);

    /// <summary>Result codes: https://www.sqlite.org/rescode.html</summary>
    private static Exception Told(StateDirectory state, SqliteFailure failure) => failure.Code switch
    {
        5 or 6 => new KleeneException($"'{state.Database}' was locked by another command for more than {BusySeconds} s", failure),
        // 787: a foreign key.
        19 when failure.ExtendedCode == 787 => new KleeneException("another command has removed something that this one was about to use; run it again", failure),
        8 => new KleeneException($"'{state.Database}' is read-only; make it writable, or choose another --root", failure),
        // 4874: the memory that its users share, of which SQLite makes sure when the first of them opens the file.
        13 or 10 when failure.ExtendedCode is 13 or 4874 => new StoreFullException($"no space left on device, which '{state.Root}' is on", failure),
        11 or 26 => new KleeneException($"'{state.Database}' is damaged ({failure.Message}); restore it, or choose another --root", failure),
        14 => new KleeneException($"'{state.Database}' cannot be opened; run as the superuser, or choose another --root", failure),
        10 => new KleeneException($"'{state.Database}' cannot be read or written: {failure.Message}", failure),
        _ => failure,
    };
}
