using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using SQLitePCL;

namespace Kleene.Build.Runtime.State;

/// <summary>
/// A file of SQLite, opened. Speaks SQLite's own interface (https://www.sqlite.org/c3ref/intro.html): ADO.NET would be felt at the start of
/// every command, with a thread for a timer that nobody needs. For one thread at a time.
/// </summary>
internal sealed class SqliteHandle : IDisposable
{
    // https://www.sqlite.org/rescode.html
    private const int Busy = 5;
    private const int Locked = 6;

    /// <summary>SQLite waits for others by itself, but not where waiting could be in vain, as when several make the file at once: then we ask again.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(10);

    private readonly sqlite3 database;
    private readonly TimeSpan patience;

    static SqliteHandle()
    {
        // It is asked for as 'e_sqlite3', and by that name it is looked for in every directory of the system before the one beside us is found.
        NativeLibrary.SetDllImportResolver(
            typeof(SQLite3Provider_e_sqlite3).Assembly,
            (name, _, _) => NativeLibrary.TryLoad(Path.Join(AppContext.BaseDirectory, $"lib{name}.so"), out var library) ? library : IntPtr.Zero);
        Batteries_V2.Init();
    }

    private SqliteHandle(sqlite3 database, TimeSpan patience)
    {
        this.database = database;
        this.patience = patience;
    }

    /// <summary>Opens a file, making it when there is none.</summary>
    /// <param name="patience">How long others are waited for who have it locked.</param>
    public static SqliteHandle Open(string path, TimeSpan patience)
    {
        var code = raw.sqlite3_open_v2(path, out var database, raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE, null);
        var handle = new SqliteHandle(database, patience);
        try
        {
            handle.Require(code);
            handle.Require(raw.sqlite3_extended_result_codes(database, 1));
            handle.Require(raw.sqlite3_busy_timeout(database, (int)patience.TotalMilliseconds));

            // The log stays when the last of us closes the file: to write it back each time would cost every command several fsync(2).
            handle.Require(raw.sqlite3_db_config(database, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _));
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Whether what is written now is kept or lost with a transaction.</summary>
    public bool IsInTransaction => raw.sqlite3_get_autocommit(database) == 0;

    /// <summary>Runs all statements of a text, and gives the number of rows that they changed themselves.</summary>
    /// <param name="sql">Parameters are <c>$1</c>, <c>$2</c>, …</param>
    /// <param name="parameters">Text, whole numbers, truth values, bytes or null.</param>
    /// <param name="onRow">Told of each row while it can be read.</param>
    /// <exception cref="SqliteFailure">SQLite says no.</exception>
    public int Run(string sql, ReadOnlySpan<object?> parameters, Action<RowReader>? onRow = null)
    {
        var changed = 0;
        for (ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(sql); !rest.IsEmpty;)
        {
            using var statement = Prepare(rest, out rest);
            if (statement.IsInvalid)
            {
                // Blanks and comments at the end.
                continue;
            }

            Bind(statement, parameters);
            var before = raw.sqlite3_total_changes(database);
            var reader = new RowReader(statement);
            for (var code = FirstStep(statement); code != raw.SQLITE_DONE; code = raw.sqlite3_step(statement))
            {
                if (code != raw.SQLITE_ROW)
                {
                    throw Failure(code);
                }

                onRow?.Invoke(reader);
            }

            changed += raw.sqlite3_total_changes(database) == before ? 0 : raw.sqlite3_changes(database);
        }

        return changed;
    }

    /// <summary>
    /// Writes the log back and begins it anew, unless others are using it. Where that fails, nothing is lost: the log stays as it is, and what is
    /// wrong shows with the next statement.
    /// </summary>
    public void EmptyLog()
    {
        _ = raw.sqlite3_busy_timeout(database, 0); // Others have it: then the last of them empties it.
        _ = raw.sqlite3_wal_checkpoint_v2(database, null, raw.SQLITE_CHECKPOINT_TRUNCATE, out _, out _);
    }

    public void Dispose() => database.Dispose();

    private static bool IsInOthersHands(int code) => (code & 0xff) is Busy or Locked;

    private sqlite3_stmt Prepare(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> rest)
    {
        var started = Stopwatch.GetTimestamp();
        int code;
        while (IsInOthersHands(code = raw.sqlite3_prepare_v2(database, text, out var statement, out rest)) || code == raw.SQLITE_OK)
        {
            if (code == raw.SQLITE_OK)
            {
                return statement;
            }

            WaitOrThrow(code, started);
        }

        throw Failure(code);
    }

    private int FirstStep(sqlite3_stmt statement)
    {
        var started = Stopwatch.GetTimestamp();
        int code;
        while (IsInOthersHands(code = raw.sqlite3_step(statement)))
        {
            WaitOrThrow(code, started);
            _ = raw.sqlite3_reset(statement); // Says again what the step said.
        }

        return code;
    }

    private void WaitOrThrow(int code, long started)
    {
        if (Stopwatch.GetElapsedTime(started) > patience)
        {
            throw Failure(code);
        }

        Thread.Sleep(AskAgain);
    }

    private void Bind(sqlite3_stmt statement, ReadOnlySpan<object?> parameters)
    {
        for (var i = 0; i < parameters.Length; i++)
        {
            var index = raw.sqlite3_bind_parameter_index(statement, $"${i + 1}");
            if (index > 0)
            {
                Require(Bind(statement, index, parameters[i]));
            }
        }
    }

    private static int Bind(sqlite3_stmt statement, int index, object? value) => value switch
    {
        null => raw.sqlite3_bind_null(statement, index),

        // What is empty has no address, and without one it would be null.
        "" => raw.sqlite3_bind_text(statement, index, ""),
        byte[] { Length: 0 } => raw.sqlite3_bind_zeroblob(statement, index, 0),
        string text => raw.sqlite3_bind_text(statement, index, Encoding.UTF8.GetBytes(text).AsSpan()),
        byte[] bytes => raw.sqlite3_bind_blob(statement, index, bytes.AsSpan()),
        long number => raw.sqlite3_bind_int64(statement, index, number),
        int number => raw.sqlite3_bind_int64(statement, index, number),
        bool truth => raw.sqlite3_bind_int64(statement, index, truth ? 1 : 0),
        _ => throw new ArgumentException($"a column cannot hold a {value.GetType().Name}"),
    };

    private void Require(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw Failure(code);
        }
    }

    private SqliteFailure Failure(int code) => new(code, raw.sqlite3_errmsg(database).utf8_to_string());
}

/// <summary>SQLite says no.</summary>
/// <param name="extendedCode">What exactly (https://www.sqlite.org/rescode.html).</param>
internal sealed class SqliteFailure(int extendedCode, string message) : Exception($"SQLite: {message} ({extendedCode})")
{
    public int Code => extendedCode & 0xff;

    public int ExtendedCode => extendedCode;
}
