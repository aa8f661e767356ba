using System.Collections.Immutable;

namespace Kleene.Build.Parser.Planning;

/// <summary>Names and values in the order in which the names first appeared. A name may be there without a value.</summary>
internal sealed class VariableTable
{
    private readonly List<string> order = [];
    private readonly Dictionary<string, string?> values = new(StringComparer.Ordinal);

    public VariableTable()
    {
    }

    /// <param name="entries"><c>NAME=value</c>; an entry without <c>=</c> has the empty value.</param>
    public VariableTable(ImmutableArray<string> entries)
    {
        foreach (var entry in entries)
        {
            var equals = entry.IndexOf('=');
            Set(equals < 0 ? entry : entry[..equals], equals < 0 ? "" : entry[(equals + 1)..]);
        }
    }

    public IReadOnlyList<string> Names => order;

    public bool Contains(string name) => values.ContainsKey(name);

    public string? Find(string name) => values.GetValueOrDefault(name);

    public void Set(string name, string? value)
    {
        if (!values.ContainsKey(name))
        {
            order.Add(name);
        }

        values[name] = value;
    }

    public void Remove(string name)
    {
        if (values.Remove(name))
        {
            order.Remove(name);
        }
    }

    public VariableTable Clone()
    {
        var clone = new VariableTable();
        foreach (var name in order)
        {
            clone.Set(name, values[name]);
        }

        return clone;
    }

    /// <summary><c>NAME=value</c> for every name with a value.</summary>
    public ImmutableArray<string> ToEntries() => [.. order.Where(name => values[name] is not null).Select(name => $"{name}={values[name]}")];
}
