using System.Collections.Immutable;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Explaining;

/// <summary>Holds two records of keys against each other, input by input, in their order.</summary>
/// <param name="findFiles">The files that a digest stands for; null when they are not known.</param>
internal sealed class KeyComparison(Func<string, FileList?> findFiles)
{
    /// <summary>What is other in the later one; the first of the key comes first. Nothing when both ask the same.</summary>
    public ImmutableArray<InputChange> Compare(KeyRecord before, KeyRecord after)
    {
        var changes = ImmutableArray.CreateBuilder<InputChange>();
        var old = Numbered(before).ToDictionary(StringComparer.Ordinal);
        var mentions = new Mentions(after);
        foreach (var (place, input) in Numbered(after))
        {
            changes.AddRange(old.Remove(place, out var was) ? Compare(was, input, mentions) : [Whole(null, input)]);
        }

        changes.AddRange(old.Values.Select(gone => Whole(gone, null)));
        return changes.ToImmutable();
    }

    /// <summary>Several sources of one step have one name; the first is held against the first.</summary>
    private static IEnumerable<KeyValuePair<string, KeyInput>> Numbered(KeyRecord record)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var input in record.Inputs)
        {
            var ordinal = counts.GetValueOrDefault(input.Name);
            counts[input.Name] = ordinal + 1;
            yield return new($"{input.Name} {ordinal}", input);
        }
    }

    private IEnumerable<InputChange> Compare(KeyInput before, KeyInput after, Mentions mentions)
    {
        if (before.Kind == after.Kind && before.Values.SequenceEqual(after.Values))
        {
            return [];
        }

        return (before.Kind, after.Kind, after.Name) switch
        {
            (KeyInputKind.List, KeyInputKind.List, "env") => Variables(before, after, mentions),
            (KeyInputKind.List, KeyInputKind.List, "argv") => [Words(before, after)],
            (KeyInputKind.Files, KeyInputKind.Files, _) => [Whole(before, after) with { Files = FilesOf(before, after) }],
            _ => [Whole(before, after)],
        };
    }

    private static InputChange Whole(KeyInput? before, KeyInput? after)
    {
        var input = after ?? before ?? throw new ArgumentNullException(nameof(after));
        return new InputChange { Name = input.Name, Item = input.Tree ?? "", Before = Text(before), After = Text(after), IsOfFiles = input.Kind == KeyInputKind.Files };
    }

    private static string? Text(KeyInput? input) => input is null ? null : string.Join(input.Kind == KeyInputKind.Files ? "" : " ", input.Values);

    /// <summary>Of a shell form only what the shell is given, unless the shell is another one.</summary>
    private static InputChange Words(KeyInput before, KeyInput after)
    {
        var isOneShell = before.Values.Length == after.Values.Length && before.Values.Length > 1 && before.Values[..^1].SequenceEqual(after.Values[..^1]);
        return new InputChange
        {
            Name = after.Name,
            Before = isOneShell ? before.Values[^1] : string.Join(' ', before.Values),
            After = isOneShell ? after.Values[^1] : string.Join(' ', after.Values),
        };
    }

    private static IEnumerable<InputChange> Variables(KeyInput before, KeyInput after, Mentions mentions)
    {
        var old = Entries(before).DistinctBy(entry => entry.Name).ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        var changes = new List<InputChange>();
        foreach (var entry in Entries(after))
        {
            var known = old.Remove(entry.Name, out var was);
            if (!known || was.Value != entry.Value)
            {
                changes.Add(Change(entry.Name, known ? was.Value : null, entry.Value, entry.Origin));
            }
        }

        changes.AddRange(old.Values.Select(gone => Change(gone.Name, gone.Value, null, gone.Origin)));
        return changes.Count > 0 ? changes : [new InputChange { Name = after.Name, Before = Names(before), After = Names(after) }];

        InputChange Change(string name, string? was, string? now, InputOrigin? origin) =>
            new() { Name = after.Name, Item = name, Before = was, After = now, Origin = origin, IsMentioned = mentions.Has(name) };
    }

    /// <summary>The same entries in another order.</summary>
    private static string Names(KeyInput input) => string.Join(' ', Entries(input).Select(entry => entry.Name));

    private static IEnumerable<(string Name, string Value, InputOrigin? Origin)> Entries(KeyInput input) => input.Values.Select((entry, i) =>
    {
        var equals = entry.IndexOf('=', StringComparison.Ordinal);
        var origin = input.Origins is { } origins && i < origins.Length ? origins[i] : null;
        return equals < 0 ? (entry, "", origin) : (entry[..equals], entry[(equals + 1)..], origin);
    });

    private ImmutableArray<FileDifference> FilesOf(KeyInput before, KeyInput after) =>
        findFiles(before.Values[0]) is { } old && findFiles(after.Values[0]) is { } now ? [.. old.Compare(now)] : [];

    /// <summary>Which variables the text of a command mentions.</summary>
    private sealed class Mentions(KeyRecord record)
    {
        private readonly IEnumerable<string> texts = [.. record.Inputs.Where(input => input.Name is "argv" or "script").SelectMany(input => input.Values)];

        public bool Has(string name) => texts.Any(text => Has(text, name));

        /// <summary>As a word of its own: <c>$NAME</c>, <c>${NAME:-x}</c>, and <c>printenv NAME</c> too.</summary>
        private static bool Has(string text, string name)
        {
            for (var at = text.IndexOf(name, StringComparison.Ordinal); at >= 0; at = text.IndexOf(name, at + 1, StringComparison.Ordinal))
            {
                var end = at + name.Length;
                if ((at == 0 || !IsOfName(text[at - 1])) && (end == text.Length || !IsOfName(text[end])))
                {
                    return true;
                }
            }

            return false;
        }

        private static bool IsOfName(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
    }
}
