namespace Kleene.Build.Parser;

/// <summary>The values given by <c>--build-arg</c>, in the order given; the last one of a name counts.</summary>
public sealed class BuildArguments
{
    private readonly List<KeyValuePair<string, string>> ordered = [];
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    public BuildArguments(IEnumerable<KeyValuePair<string, string>> arguments)
    {
        foreach (var argument in arguments)
        {
            if (!values.ContainsKey(argument.Key))
            {
                ordered.Add(argument);
            }

            values[argument.Key] = argument.Value;
        }
    }

    public static BuildArguments Empty { get; } = new([]);

    /// <summary>Each name once, in the order given.</summary>
    public IEnumerable<string> Names => ordered.Select(argument => argument.Key);

    /// <summary>The value of a name; null when it was not given.</summary>
    public string? Find(string name) => values.GetValueOrDefault(name);
}
