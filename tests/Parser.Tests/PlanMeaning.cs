using System.Text.RegularExpressions;
using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Parser.Tests;

/// <summary>All that a plan says, apart from where in the file it says so.</summary>
internal static partial class PlanMeaning
{
    /// <summary>Empty where there is no plan.</summary>
    public static string Of(Compilation compilation) => compilation.Plan is { } plan
        ? TextPlaces().Replace(PlanDump.Text(plan), "$1") + JsonPlaces().Replace(PlanDump.Json(compilation with { Diagnostics = [] }), "")
        : "";

    [GeneratedRegex(@"^( +\d+\. \w+) \(line[^)]*\)", RegexOptions.Multiline)]
    private static partial Regex TextPlaces();

    /// <summary>The text of a step is as its author wrote it, layout included.</summary>
    [GeneratedRegex(@"^ *""(line|endLine|column|text)"": .*\n", RegexOptions.Multiline)]
    private static partial Regex JsonPlaces();
}
