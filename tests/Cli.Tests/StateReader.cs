using Microsoft.Data.Sqlite;

namespace Kleene.Build.Cli.Tests;

/// <summary>Looks into a state directory's database behind the executable's back.</summary>
internal sealed class StateReader : IDisposable
{
    private readonly SqliteConnection connection;

    public StateReader(string root)
    {
        SQLitePCL.Batteries_V2.Init();
        connection = new SqliteConnection($"Data Source={Path.Join(root, "kleene.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
    }

    public int Count(string table)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The table's name is one of the tests' own words.
        command.CommandText = $"SELECT count(*) FROM {table}";
#pragma warning restore CA2100
        return Convert.ToInt32(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }

    public void Dispose() => connection.Dispose();
}
