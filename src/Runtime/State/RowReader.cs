using System.Text;
using SQLitePCL;

namespace Kleene.Build.Runtime.State;

/// <summary>The row of an answer that has just arrived. Columns are counted from 0.</summary>
public sealed class RowReader
{
    private readonly sqlite3_stmt statement;

    internal RowReader(sqlite3_stmt statement) => this.statement = statement;

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    /// <summary>As bytes, because text may hold anything, zeros too. Numbers come in decimal digits.</summary>
    public string GetString(int column) => Encoding.UTF8.GetString(raw.sqlite3_column_blob(statement, Present(column)));

    public long GetInt64(int column) => raw.sqlite3_column_int64(statement, Present(column));

    public int GetInt32(int column) => checked((int)GetInt64(column));

    public bool GetBoolean(int column) => GetInt64(column) != 0;

    public byte[] GetBytes(int column) => raw.sqlite3_column_blob(statement, Present(column)).ToArray();

    private int Present(int column) => IsNull(column) ? throw new InvalidOperationException($"column {column} of the answer is null") : column;
}
