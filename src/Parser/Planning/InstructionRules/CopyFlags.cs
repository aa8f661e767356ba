using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>The flags that COPY and ADD share: who owns what is copied, with which permissions, and what is left out.</summary>
/// <param name="Owner">Empty where nothing is said.</param>
/// <param name="Mode">Empty where nothing is said.</param>
internal sealed record CopyFlags(string Owner, string Mode, ImmutableArray<string> Exclude)
{
    /// <summary>Null when a flag cannot be, which has then been reported.</summary>
    public static CopyFlags? Read(InstructionHead head, StagePlanner stage)
    {
        var owner = Value(head, "chown", stage, IsOwner, "is no owner; write USER, USER:GROUP or their numbers");
        var mode = Value(head, "chmod", stage, value => ModeChange.TryParse(value) is not null, "is no mode; write octal digits up to 7777, or what chmod takes: 'u=rwX,go=rX'");
        var exclude = head.AllFlags("exclude").Select(word => stage.ExpandToSomething(word, "the pattern of --exclude")?.Value).ToList();
        return owner is null || mode is null || exclude.Contains(null) ? null : new CopyFlags(owner, mode, [.. exclude.OfType<string>()]);
    }

    private static string? Value(InstructionHead head, string name, StagePlanner stage, Predicate<string> isValid, string problem)
    {
        if (head.Flag(name) is not { } word)
        {
            return "";
        }

        if (stage.ExpandToSomething(word, $"the value of --{name}") is not { } value)
        {
            return null;
        }

        if (value.IsKnown && !isValid(value.Value))
        {
            stage.Report(Rules.InvalidFlag, word.Span, $"'{value.Value}' {problem}");
            return null;
        }

        return value.Value;
    }

    private static bool IsOwner(string text) => text.Split(':') is [{ Length: > 0 }] or [_, { Length: > 0 }];
}
