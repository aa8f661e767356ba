using System.Collections.Immutable;

namespace Kleene.Build.Parser.Planning;

/// <summary>Names and values in the order in which the names first appeared, and where they are from. A name may be there without a value.</summary>
internal sealed class VariableTable
{
    private readonly List<string> order = [];
    private readonly Dictionary<string, Variable> values = new(StringComparer.Ordinal);

    public VariableTable()
    {
    }

    /// <param name="entries"><c>NAME=value</c>; an entry without <c>=</c> has the empty value.</param>
    /// <param name="source">Where they are all from.</param>
    public VariableTable(ImmutableArray<string> entries, VariableSource source)
    {
        foreach (var entry in entries)
        {
            var equals = entry.IndexOf('=');
            Set(equals < 0 ? entry : entry[..equals], equals < 0 ? "" : entry[(equals + 1)..], new VariableOrigin(source));
        }
    }

    public IReadOnlyList<string> Names => order;

    public bool Contains(string name) => values.ContainsKey(name);

    public string? Find(string name) => values.GetValueOrDefault(name)?.Value;

    public void Set(string name, string? value, VariableOrigin origin)
    {
        if (!values.ContainsKey(name))
        {
            order.Add(name);
        }

        values[name] = new Variable(value, origin);
    }

    /// <summary>Takes a variable over as another table has it.</summary>
    public void Take(string name, VariableTable from) => Set(name, from.Find(name), from.values[name].Origin);

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
            clone.Take(name, this);
        }

        return clone;
    }

    /// <summary><c>NAME=value</c> for every name with a value.</summary>
    public ImmutableArray<string> ToEntries() => OfGiven((name, variable) => $"{name}={variable.Value}");

    /// <summary>Where each of <see cref="ToEntries"/> is from, in the same order.</summary>
    public ImmutableArray<VariableOrigin> ToOrigins() => OfGiven((_, variable) => variable.Origin);

    private ImmutableArray<T> OfGiven<T>(Func<string, Variable, T> map)
    {
        var given = ImmutableArray.CreateBuilder<T>(order.Count);
        foreach (var name in order)
        {
            if (values[name] is { Value: not null } variable)
            {
                given.Add(map(name, variable));
            }
        }

        return given.DrainToImmutable();
    }

    private sealed record Variable(string? Value, VariableOrigin Origin);
}
