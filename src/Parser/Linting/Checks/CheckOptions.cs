using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Linting.Checks;

/// <summary>
/// What is said about checks, at the top of a file, above an instruction or by the caller:
/// <c>skip=RULE,RULE;error=true;experimental=RULE</c>. Behind a blank a reason may follow.
/// </summary>
internal sealed record CheckOptions
{
    private static readonly string[] Names = ["skip", "error", "experimental"];

    public static CheckOptions None { get; } = new();

    public ImmutableArray<RuleMention> Skipped { get; init; } = [];

    public bool SkipsAll { get; init; }

    public bool WarningsAreErrors { get; init; }

    public ImmutableArray<DiagnosticRule> Experimental { get; init; } = [];

    public bool AllExperimental { get; init; }

    /// <param name="value">The options.</param>
    /// <param name="place">Where a part of them stands: offset and length to span.</param>
    /// <param name="diagnostics">Told of what is not an option or a rule.</param>
    public static CheckOptions Read(string value, Func<int, int, TextSpan> place, DiagnosticBag diagnostics)
    {
        var result = None;
        foreach (var (start, end) in Parts(value, 0, EndOfOptions(value), ';'))
        {
            var equals = value.IndexOf('=', start, end - start);
            var (name, valueStart) = equals < 0 ? (value[start..end], end) : (value[start..equals].TrimEnd(), equals + 1);
            result = result.With(name, value, valueStart, end, place, diagnostics);
        }

        return result;
    }

    private CheckOptions With(string name, string text, int start, int end, Func<int, int, TextSpan> place, DiagnosticBag diagnostics)
    {
        var value = text[start..end].Trim();
        switch (name.ToLowerInvariant())
        {
            case "skip" when IsAll(value):
                return this with { SkipsAll = true };
            case "skip":
                return this with { Skipped = [.. Skipped, .. Mentions(text, start, end, place, diagnostics)] };
            case "error" when value.ToLowerInvariant() is "true" or "t" or "1":
                return this with { WarningsAreErrors = true };
            case "error" when value.ToLowerInvariant() is "false" or "f" or "0":
                return this with { WarningsAreErrors = false };
            case "error":
                diagnostics.Report(Rules.UnknownCheck, place(start, end - start), $"'error' is true or false and not '{value}'");
                return this;
            case "experimental" when IsAll(value):
                return this with { AllExperimental = true };
            case "experimental":
                return this with { Experimental = [.. Experimental, .. Mentions(text, start, end, place, diagnostics).Select(mention => mention.Rule)] };
            default:
                var nearest = Suggestion.Nearest(name, Names);
                var span = place(text.LastIndexOf(name, start, StringComparison.Ordinal), name.Length);
                diagnostics.Report(
                    Rules.UnknownCheck, span, $"the check directive has no option '{name}'{Suggestion.Tail(nearest)}", Suggestion.Edit(span, nearest));
                return this;
        }
    }

    private static List<RuleMention> Mentions(string text, int start, int end, Func<int, int, TextSpan> place, DiagnosticBag diagnostics)
    {
        var mentions = new List<RuleMention>();
        foreach (var (from, to) in Parts(text, start, end, ','))
        {
            var name = text[from..to];
            var span = place(from, to - from);
            if (Rules.Find(name) is { } rule)
            {
                mentions.Add(new RuleMention(rule, span));
                continue;
            }

            var nearest = Suggestion.Nearest(name, Rules.All.Select(known => known.Name));
            diagnostics.Report(Rules.UnknownCheck, span, $"there is no rule '{name}'{Suggestion.Tail(nearest)}", Suggestion.Edit(span, nearest));
        }

        return mentions;
    }

    /// <summary>What lies between separators, without the blanks around it.</summary>
    private static IEnumerable<(int Start, int End)> Parts(string text, int start, int end, char separator)
    {
        while (start <= end)
        {
            var next = start < end ? text.IndexOf(separator, start, end - start) : -1;
            var (from, to) = (start, next < 0 ? end : next);
            start = to + 1;
            while (from < to && char.IsWhiteSpace(text[from]))
            {
                from++;
            }

            while (to > from && char.IsWhiteSpace(text[to - 1]))
            {
                to--;
            }

            if (from < to)
            {
                yield return (from, to);
            }
        }
    }

    /// <summary>The first blank that does not stand beside a separator: a reason follows it.</summary>
    private static int EndOfOptions(string value)
    {
        for (var i = 1; i < value.Length; i++)
        {
            if (char.IsWhiteSpace(value[i])
                && value.AsSpan(0, i).TrimEnd() is not [.., ',' or ';' or '=']
                && value.AsSpan(i).TrimStart() is not [',' or ';' or '=', ..])
            {
                return i;
            }
        }

        return value.Length;
    }

    private static bool IsAll(string value) => value.Equals("all", StringComparison.OrdinalIgnoreCase);
}
