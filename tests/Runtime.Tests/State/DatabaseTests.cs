using Kleene.Build.Runtime.State;
using Kleene.Build.Testing;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Kleene.Build.Runtime.Tests.State;

public sealed class DatabaseTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly StateDirectory state;

    public DatabaseTests() => state = StateDirectory.Open(scratch["state"]);

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void A_new_one_has_the_newest_schema_and_is_opened_again_as_it_is()
    {
        using (var fresh = Database.Open(state))
        {
            fresh.Execute("INSERT INTO snapshots (id, created) VALUES ('a', 1)");
        }

        using var again = Database.Open(state);

        Assert.Equal($"{Schema.Migrations.Length}", Text(again, "PRAGMA user_version"));
        Assert.Equal("a", Text(again, "SELECT id FROM snapshots"));
        Assert.Equal("wal", Text(again, "PRAGMA journal_mode"));
        Assert.Equal("1", Text(again, "PRAGMA foreign_keys"));
    }

    /// <summary>Nobody but us empties it: SQLite begins it anew only in a process that has written it back and writes again.</summary>
    [Fact]
    public void The_log_of_many_that_write_once_does_not_grow_for_ever()
    {
        var longest = 0L;
        for (var i = 0; i < 300; i++)
        {
            using (var database = Database.Open(state))
            {
                database.Execute("INSERT INTO snapshots (id, created) VALUES ($1, 1)", $"{i}");
            }

            longest = Math.Max(longest, new FileInfo(state.Database + "-wal").Length);
        }

        Assert.InRange(longest, 0, 200 * 4096);
        using var all = Database.Open(state);
        Assert.Equal("300", Text(all, "SELECT count(*) FROM snapshots"));
    }

    [Fact]
    public void A_long_log_stays_while_another_reads_it_and_nobody_waits()
    {
        using var reader = Raw();
        using (var filling = Database.Open(state))
        {
            for (var i = 0; i < 200; i++)
            {
                filling.Execute("INSERT INTO snapshots (id, created) VALUES ($1, 1)", $"{i}");
                if (i == 150)
                {
                    Run(reader, "BEGIN; SELECT count(*) FROM snapshots");
                }
            }
        }

        using var again = Database.Open(state);
        Assert.Equal("200", Text(again, "SELECT count(*) FROM snapshots"));
    }

    [RootFact]
    public void A_full_disk_is_told_when_there_is_no_room_even_for_the_memory_that_users_share()
    {
        using (Database.Open(state))
        {
        }

        scratch.Shell("mv state saved; mkdir state; chmod 700 state; mount -t tmpfs -o size=1M,mode=700 tmpfs state; cp -a saved/. state; rm -f state/kleene.db-shm; dd if=/dev/zero of=state/fill bs=4k 2> /dev/null || true");
        try
        {
            var error = Assert.Throws<StoreFullException>(() => Database.Open(state));
            Assert.Contains("no space left on device", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            scratch.Shell("umount state");
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void One_of_any_older_version_is_brought_up_to_date_with_what_it_holds(int version)
    {
        using (var old = Raw())
        {
            foreach (var migration in Schema.Migrations.AsSpan()[..version])
            {
                Run(old, migration);
            }

            Run(old, "INSERT INTO snapshots (id, created) VALUES ('a', 1); INSERT INTO workspaces (id, session) VALUES ('b', 's')");
            Run(old, $"PRAGMA user_version = {version}");
        }

        using var database = Database.Open(state);

        Assert.Equal($"{Schema.Migrations.Length}", Text(database, "PRAGMA user_version"));
        Assert.Equal("b", Text(database, "SELECT id FROM workspaces WHERE parent IS NULL"));
    }

    public static TheoryData<int> Versions() => [.. Enumerable.Range(1, Schema.Migrations.Length)];

    [Fact]
    public void One_of_a_newer_version_is_left_alone()
    {
        Database.Open(state).Dispose();
        using (var raw = Raw())
        {
            Run(raw, "PRAGMA user_version = 99");
        }

        var said = Assert.Throws<KleeneException>(() => Database.Open(state));

        Assert.Contains("newer kleene (schema 99)", said.Message, StringComparison.Ordinal);
        using var after = Raw();
        using var command = after.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        Assert.Equal(99L, command.ExecuteScalar());
    }

    [Fact]
    public void A_damaged_one_is_told_and_not_touched()
    {
        File.WriteAllBytes(state.Database, [.. Enumerable.Range(0, 8192).Select(i => (byte)(i * 31))]);
        var before = File.ReadAllBytes(state.Database);

        var said = Assert.Throws<KleeneException>(() => Database.Open(state));

        Assert.StartsWith($"'{state.Database}' is damaged", said.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(state.Database));
    }

    [Fact]
    public void A_directory_in_its_place_is_told()
    {
        Directory.CreateDirectory(state.Database);

        Assert.Contains("cannot be opened", Assert.Throws<KleeneException>(() => Database.Open(state)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_locked_one_is_waited_for()
    {
        using var database = Database.Open(state);
        using var other = Raw();
        Run(other, "BEGIN IMMEDIATE; INSERT INTO snapshots (id, created) VALUES ('theirs', 1)");

        var writing = Task.Run(() => database.Transact(() => Text(database, "SELECT count(*) FROM snapshots")));
        Run(other, "COMMIT");

        Assert.Equal("1", await writing);
    }

    [Fact]
    public async Task Many_that_make_it_at_once_all_get_it()
    {
        var counts = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() =>
        {
            using var database = Database.Open(state);
            return database.Execute("INSERT INTO snapshots (id, created) VALUES ($1, 1)", $"{i}");
        })));

        Assert.All(counts, count => Assert.Equal(1, count));
    }

    [Fact]
    public void A_transaction_that_fails_changes_nothing_and_the_next_one_works()
    {
        using var database = Database.Open(state);

        Assert.Throws<InvalidOperationException>(() => database.Transact<string>(() =>
        {
            database.Execute("INSERT INTO snapshots (id, created) VALUES ('a', 1)");
            throw new InvalidOperationException("the work itself went wrong");
        }));

        Assert.Equal("0", Text(database, "SELECT count(*) FROM snapshots"));
        Assert.Equal(1, database.Transact(() => database.Execute("INSERT INTO snapshots (id, created) VALUES ('a', 1)")));
    }

    [Fact]
    public void What_another_command_has_removed_is_told_as_that()
    {
        using var database = Database.Open(state);

        var said = Assert.Throws<KleeneException>(() => database.Execute("INSERT INTO cache (key, snapshot, created) VALUES ('k', 'gone', 1)"));

        Assert.StartsWith("another command has removed", said.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Awkward_text_comes_back_as_it_was()
    {
        using var database = Database.Open(state);
        const string Awkward = "it's \"$1\"; DROP TABLE cache; --\r\n\0 ünï ☃";
        database.Execute("INSERT INTO snapshots (id, created) VALUES ($1, $2)", Awkward, long.MaxValue);

        Assert.Equal(Awkward, Text(database, "SELECT id FROM snapshots"));
    }

    private static string? Text(Database database, string sql) => database.QueryFirst(sql, reader => reader.GetString(0));

    private SqliteConnection Raw()
    {
        SQLitePCL.Batteries_V2.Init();
        var connection = new SqliteConnection($"Data Source={state.Database};Pooling=False");
        connection.Open();
        return connection;
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The text is the tests' own.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
