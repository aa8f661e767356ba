using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Kleene.Build.Runtime.State;

/// <summary>
/// The index and the truth: a snapshot, an image or a container exists once its transaction has committed. Several commands share
/// the file (SQLite in WAL mode); within one, calls are serialised.
/// </summary>
public sealed class Database : IDisposable
{
    private const int BusySeconds = 60;

    /// <summary>When the log is written back, in pages of 4 KiB: rarely enough not to be felt, and early enough for the next start to read it in no time.</summary>
    private const int CheckpointPages = 256;

    private readonly SqliteConnection connection;
    private readonly StateDirectory state;
    private readonly Lock gate = new();

    private Database(SqliteConnection connection, StateDirectory state)
    {
        this.connection = connection;
        this.state = state;
    }

    /// <exception cref="KleeneException">The file cannot be read or written, or a newer version made it.</exception>
    public static Database Open(StateDirectory state)
    {
        Batteries_V2.Init();
        var text = new SqliteConnectionStringBuilder { DataSource = state.Database, Pooling = false, DefaultTimeout = BusySeconds }.ToString();
        var connection = new SqliteConnection(text);
        var database = new Database(connection, state);
        try
        {
            database.Guard(() =>
            {
                connection.Open();
                // NORMAL: a crash of the machine may take the last transactions with it, but never the database.
                database.Execute($"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = {CheckpointPages}");

                // The log stays when the last of us closes the file: to write it back each time would cost every command several fsync(2).
                _ = raw.sqlite3_db_config(connection.Handle, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
                Migrate(database);
                return 0;
            });
            return database;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Runs statements that return nothing; gives the number of rows changed. Parameters are <c>$1</c>, <c>$2</c>, …</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> parameters)
    {
        lock (gate)
        {
            using var command = Command(sql, parameters);
            return Guard(command.ExecuteNonQuery);
        }
    }

    public List<T> Query<T>(string sql, Func<SqliteDataReader, T> row, params ReadOnlySpan<object?> parameters)
    {
        lock (gate)
        {
            using var command = Command(sql, parameters);
            return Guard(() =>
            {
                using var reader = command.ExecuteReader();
                var rows = new List<T>();
                while (reader.Read())
                {
                    rows.Add(row(reader));
                }

                return rows;
            });
        }
    }

    public T? QueryFirst<T>(string sql, Func<SqliteDataReader, T> row, params ReadOnlySpan<object?> parameters)
        where T : class
    {
        var rows = Query(sql, row, parameters);
        return rows.Count == 0 ? null : rows[0];
    }

    /// <summary>All or nothing. Others' writes wait, so what the work reads stays true until it is committed.</summary>
    public T Transact<T>(Func<T> work)
    {
        lock (gate)
        {
            return Guard(() =>
            {
                using var transaction = connection.BeginTransaction(deferred: false);
                var result = work();
                transaction.Commit();
                return result;
            });
        }
    }

    /// <summary>What SQLite finds wrong in its file and in the references between tables; nothing when all is well.</summary>
    public IReadOnlyList<string> Check() =>
    [
        .. Query("PRAGMA integrity_check", reader => reader.GetString(0)).Where(line => line != "ok"),
        .. Query("PRAGMA foreign_key_check", reader => $"a row of '{reader.GetString(0)}' names something in '{reader.GetString(2)}' that is not there"),
    ];

    public void Dispose() => connection.Dispose();

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

    private SqliteCommand Command(string sql, ReadOnlySpan<object?> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < parameters.Length; i++)
        {
            command.Parameters.AddWithValue($"${i + 1}", parameters[i] ?? DBNull.Value);
        }

        return command;
    }

    private T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException exception)
        {
            // Result codes: https://www.sqlite.org/rescode.html
            throw exception.SqliteErrorCode switch
            {
                5 or 6 => new KleeneException($"'{state.Database}' was locked by another command for more than {BusySeconds} s", exception),
                // 787: a foreign key.
                19 when exception.SqliteExtendedErrorCode == 787 => new KleeneException(
                    "another command has removed something that this one was about to use; run it again", exception),
                8 => new KleeneException($"'{state.Database}' is read-only; make it writable, or choose another --root", exception),
                // 4874: the memory that its users share, of which SQLite makes sure when the first of them opens the file.
                13 or 10 when exception.SqliteExtendedErrorCode is 13 or 4874 => new StoreFullException($"no space left on device, which '{state.Root}' is on", exception),
                11 or 26 => new KleeneException($"'{state.Database}' is damaged ({exception.Message}); restore it, or choose another --root", exception),
                14 => new KleeneException($"'{state.Database}' cannot be opened; run as the superuser, or choose another --root", exception),
                10 => new KleeneException($"'{state.Database}' cannot be read or written: {exception.Message}", exception),
                _ => exception,
            };
        }
    }
}
