using System.Text;
using Kleene.Build.Runtime;

namespace Kleene.Build.Cli.Commands;

/// <summary>The value of an option that holds several: <c>key=value</c> between commas, quoted as in CSV where a value has a comma.</summary>
internal sealed class OptionFields
{
    private readonly List<KeyValuePair<string, string?>> fields = [];
    private readonly string option;
    private readonly string text;

    private OptionFields(string text, string option)
    {
        this.text = text;
        this.option = option;
    }

    /// <param name="known">The keys that the option has.</param>
    public static OptionFields Parse(string text, string option, params ReadOnlySpan<string> known)
    {
        var read = new OptionFields(text, option);
        foreach (var field in Cut(text))
        {
            var equals = field.IndexOf('=', StringComparison.Ordinal);
            var key = (equals < 0 ? field : field[..equals]).ToLowerInvariant();
            if (!known.Contains(key))
            {
                var nearest = Suggestion.Nearest(key, known.ToArray());
                throw read.Wrong($"has no key '{key}'{(nearest is null ? $"; there are {string.Join(", ", known.ToArray())}" : $"; did you mean '{nearest}'?")}");
            }

            read.fields.Add(new(key, equals < 0 ? null : field[(equals + 1)..]));
        }

        return read;
    }

    /// <summary>The value of a key, by any of its names; null when it is not given.</summary>
    public string? Find(params ReadOnlySpan<string> names)
    {
        string? found = null;
        foreach (var (key, value) in fields)
        {
            if (names.Contains(key))
            {
                found = value is { Length: > 0 } ? value : throw Wrong($"has '{key}' without a value; write {key}=VALUE");
            }
        }

        return found;
    }

    public bool Has(string name) => fields.Exists(field => field.Key == name);

    /// <summary>The values of a key that may be given again.</summary>
    public IReadOnlyList<string> All(string name) =>
        [.. fields.Where(field => field.Key == name).Select(field => field.Value is { Length: > 0 } value ? value : throw Wrong($"has '{name}' without a value; write {name}=VALUE"))];

    /// <summary>Whether a key is given that needs no value, and not as false.</summary>
    public bool IsOn(params ReadOnlySpan<string> names)
    {
        var isOn = false;
        foreach (var (key, value) in fields)
        {
            if (names.Contains(key))
            {
                isOn = value switch
                {
                    null or "true" or "1" => true,
                    "false" or "0" => false,
                    _ => throw Wrong($"has '{key}={value}', which is neither true nor false"),
                };
            }
        }

        return isOn;
    }

    public UsageException Wrong(string problem) => new($"{option} '{text}' {problem}");

    private static List<string> Cut(string text)
    {
        var cut = new List<string>();
        var field = new StringBuilder();
        var isQuoted = false;
        foreach (var c in text)
        {
            if (c == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (c == ',' && !isQuoted)
            {
                cut.Add(field.ToString());
                field.Clear();
            }
            else
            {
                field.Append(c);
            }
        }

        cut.Add(field.ToString());
        return cut;
    }
}
