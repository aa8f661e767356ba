using System.Globalization;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>The fields of one <c>--mount</c> by key, with their values expanded. What is wrong with one is reported when it is read.</summary>
internal sealed class MountValues
{
    private readonly Dictionary<string, (Word Word, PlannedWord Value)> values = new(StringComparer.Ordinal);
    private readonly MountSyntax syntax;
    private readonly StagePlanner stage;

    private MountValues(MountSyntax syntax, StagePlanner stage)
    {
        this.syntax = syntax;
        this.stage = stage;
    }

    /// <summary><c>bind</c> where nothing is said.</summary>
    public string Type { get; private set; } = "bind";

    /// <summary>Whether everything could be read so far.</summary>
    public bool IsGood { get; private set; } = true;

    /// <summary>Null when not even the type is known.</summary>
    public static MountValues? Read(MountSyntax syntax, StagePlanner stage)
    {
        var read = new MountValues(syntax, stage);
        return read.ReadType() ? read.ReadFields() : null;
    }

    public bool Has(string key) => values.ContainsKey(key);

    /// <summary>Where a key's value stands; the whole flag where it is not given.</summary>
    public Word WordOf(string key) => values.TryGetValue(key, out var found) ? found.Word : syntax.Value;

    /// <summary>Null where the key is not given.</summary>
    public PlannedWord? Find(string key) => values.TryGetValue(key, out var found) ? found.Value : null;

    public string Text(string key, string otherwise) => Find(key) is { Value: var text } ? text : otherwise;

    /// <summary>The key alone is true; the words are those of Go's ParseBool.</summary>
    public bool? Flag(string key) => Convert<bool>(
        key,
        text => text switch
        {
            "" or "1" or "t" or "T" or "TRUE" or "true" or "True" => true,
            "0" or "f" or "F" or "FALSE" or "false" or "False" => false,
            _ => null,
        },
        "is neither true nor false");

    public uint? Mode() => Convert(
        "mode",
        text => text.Length is > 0 and <= 5 && text.All(c => c is >= '0' and <= '7') && System.Convert.ToUInt32(text, 8) is <= 0xfff and var mode ? mode : default(uint?),
        "is no mode; write octal digits up to 7777");

    public uint? Id(string key) => Convert(
        key,
        text => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id != uint.MaxValue ? id : default(uint?),
        "is no number of a user or group; names are not known here");

    public long? Size() => Convert("size", text => ByteSize.TryParse(text, out var bytes) && bytes > 0 ? bytes : default(long?), "is no size; write a number of bytes, or one with k, m or g");

    public T? OneOf<T>(string key)
        where T : struct, Enum =>
        Convert(
            key,
            text => Enum.TryParse<T>(text, ignoreCase: true, out var value) && text.All(char.IsAsciiLetter) ? value : default(T?),
            $"is none of {Listed(Enum.GetNames<T>())}",
            Enum.GetNames<T>().Select(name => name.ToLowerInvariant()));

    public MountAccess Access() => new(Mode(), Id("uid"), Id("gid"));

    public void Report(DiagnosticRule rule, Word word, string message)
    {
        IsGood = false;
        stage.Report(rule, word.Span, message);
    }

    public static string Listed(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name.ToLowerInvariant()}'"));

    private T? Convert<T>(string key, Func<string, T?> convert, string problem, IEnumerable<string>? known = null)
        where T : struct
    {
        if (Find(key) is not { IsKnown: true, Value: var text })
        {
            return null;
        }

        var value = convert(text);
        if (value is null)
        {
            Report(Rules.InvalidMountValue, WordOf(key), $"'{text}' {problem}{(known is null ? "" : Suggestion.For(text, known))}");
        }

        return value;
    }

    private bool ReadType()
    {
        foreach (var field in syntax.Fields.Where(field => field is { Name: "type", Value: not null }))
        {
            var word = field.Value!.Value;    // there is one: just asked
            if (stage.ExpandToSomething(word, "the type of --mount") is not { Value: var text })
            {
                return false;
            }

            Type = text.ToLowerInvariant();
            if (MountKeys.Of(Type) is null)
            {
                Report(Rules.InvalidMountValue, word, $"'{text}' is no type of mount{Suggestion.For(text, MountKeys.Types) switch { "" => $"; there are {Listed(MountKeys.Types)}", var hint => hint }}");
                return false;
            }
        }

        return true;
    }

    private MountValues ReadFields()
    {
        foreach (var field in syntax.Fields)
        {
            ReadField(field);
        }

        return this;
    }

    private void ReadField(MountFieldSyntax field)
    {
        var keys = MountKeys.Of(Type)!.Value;    // the type is one of the table
        if (!keys.Contains(field.Name))
        {
            ReportUnknown(field, keys);
            return;
        }

        if (field.Value is null && !MountKeys.NeedsNoValue(field.Name))
        {
            Report(Rules.InvalidMountValue, field.Key, $"'{field.Key.Text}' needs a value: {field.Name}=VALUE");
            return;
        }

        if (field.Name == "from" && HasVariable(field.Value!.Value.Text))    // it needs one, so it has one
        {
            Report(
                Rules.VariableInMountFrom, field.Value.Value,
                "'from' takes no variables; give the image a name by 'FROM IMAGE AS name' further up, and write from=name");
            return;
        }

        var key = MountKeys.Canonical(field.Name);
        var word = field.Value ?? field.Key;
        var value = field.Value is null ? new PlannedWord("", IsKnown: true, []) : stage.ExpandToSomething(word, $"the value of '{field.Name}'");
        if (value is not { } planned)
        {
            IsGood = false;
        }
        else if (!values.TryAdd(key, (word, planned)))
        {
            Report(Rules.InvalidMountValue, field.Key, $"'{field.Key.Text}' is given twice{(values[key].Word.Line == field.Key.Line && key != field.Name ? $"; it is another word for '{key}'" : "")}");
        }
    }

    private void ReportUnknown(MountFieldSyntax field, IEnumerable<string> keys)
    {
        if (field.Key.Text.Length == 0)
        {
            Report(Rules.UnknownMountKey, syntax.Value, "there is nothing between two commas; write key=value");
            return;
        }

        var others = MountKeys.TypesWith(field.Name).ToList();
        var hint = others.Count > 0
            ? $"; it belongs to type={string.Join(", type=", others)}"
            : Suggestion.For(field.Name, keys) is { Length: > 0 } near ? near : $"; it has {string.Join(", ", keys.Select(MountKeys.Canonical).Distinct())}";
        Report(Rules.UnknownMountKey, field.Key, $"a mount of type '{Type}' has no key '{field.Key.Text}'{hint}");
    }

    private static bool HasVariable(string text)
    {
        var dollar = text.IndexOf('$');
        return dollar >= 0 && dollar + 1 < text.Length;
    }
}
