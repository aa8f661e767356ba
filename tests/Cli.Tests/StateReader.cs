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

    public int Count(string table) => Convert.ToInt32(First("count(*)", table), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The value of a column in the first row.</summary>
    public object? First(string column, string table)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The names are the tests' own words.
        command.CommandText = $"SELECT {column} FROM {table}";
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }

    public void Dispose() => connection.Dispose();
}
