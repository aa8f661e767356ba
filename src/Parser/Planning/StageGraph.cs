using System.Globalization;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning;

/// <summary>
/// The stages of a file by name and number. A stage sees only those above it, so there are no cycles to look for.
/// </summary>
internal sealed class StageGraph(IReadOnlyList<FromSyntax?> stages)
{
    public int Count => stages.Count;

    /// <summary>The names that stages have, in the order of the file.</summary>
    public IEnumerable<string> Names => NamesBefore(stages.Count);

    public IEnumerable<string> NamesBefore(int index) => Enumerable.Range(0, index).Select(NameOf).OfType<string>();

    /// <summary>In lower case; null when the stage has none.</summary>
    public string? NameOf(int index) => stages[index]?.Name?.Text.ToLowerInvariant();

    /// <summary>The nearest stage above <paramref name="before"/> with that name; null when there is none.</summary>
    public int? FindByName(string name, int before)
    {
        for (var i = before - 1; i >= 0; i--)
        {
            if (IsCalled(i, name))
            {
                return i;
            }
        }

        return null;
    }

    /// <summary>The stage above that a FROM starts from, by name or, as buildah has it, by number; null when it names an image.</summary>
    public int? FindBase(string reference, int before) =>
        FindByName(reference, before) ?? (TryParseNumber(reference, out var index) && index < before ? index : null);

    /// <summary>The first stage with that name from <paramref name="from"/> on; null when there is none.</summary>
    public int? FindLater(string name, int from)
    {
        for (var i = from; i < stages.Count; i++)
        {
            if (IsCalled(i, name))
            {
                return i;
            }
        }

        return null;
    }

    /// <summary>Reads a stage number; it need not exist.</summary>
    public static bool TryParseNumber(string text, out int index) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out index);

    /// <summary>The stage that a target names: by name, else by number; null when there is none.</summary>
    public int? FindTarget(string target) =>
        FindByName(target, stages.Count) ?? (TryParseNumber(target, out var index) && index < stages.Count ? index : null);

    private bool IsCalled(int index, string name) => string.Equals(NameOf(index), name, StringComparison.OrdinalIgnoreCase);
}
