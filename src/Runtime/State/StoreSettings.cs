using System.Globalization;

namespace Kleene.Build.Runtime.State;

/// <summary>What its user has settled for a store. It lies in the store, so that every command that works on it holds to it.</summary>
public sealed class StoreSettings(Database database)
{
    private const string MaximumName = "max-size";

    /// <summary>The most that the store is to take, in bytes; null is as much as there is.</summary>
    public long? MaximumBytes
    {
        get => database.QueryFirst("SELECT value FROM facts WHERE name = $1", reader => reader.GetString(0), MaximumName) is { } text
            ? long.Parse(text, CultureInfo.InvariantCulture)
            : null;
        set => _ = value is { } bytes
            ? database.Execute("INSERT OR REPLACE INTO facts (name, value) VALUES ($1, $2)", MaximumName, bytes.ToString(CultureInfo.InvariantCulture))
            : database.Execute("DELETE FROM facts WHERE name = $1", MaximumName);
    }
}
