using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Declares build arguments: what the caller gives beats the default, which beats the value above the first FROM.</summary>
internal static class ArgRule
{
    public static void Plan(ArgSyntax syntax, StagePlanner stage) =>
        Declare(syntax, stage.Context, stage.Expand, stage.SetArgument);

    public static void PlanGlobal(ArgSyntax syntax, PlanningContext context)
    {
        Declare(syntax, context, Expand, (name, value, _, origin) => context.Globals.Declare(name, value, origin));

        PlannedWord? Expand(Word word) =>
            context.ExpandGlobally(word, Rules.UndefinedVariable, "no ARG above declares") is { } value ? new PlannedWord(value, IsKnown: true, []) : null;
    }

    /// <summary>Remembers the names of an ARG that does not count here, so that a value for them is not in vain.</summary>
    public static void Note(ArgSyntax syntax, PlanningContext context)
    {
        foreach (var declaration in syntax.Declarations)
        {
            context.DeclareArgument(declaration.Name.Text);
        }
    }

    private static void Declare(
        ArgSyntax syntax, PlanningContext context, Func<Word, PlannedWord?> expand, Action<string, string?, bool, VariableOrigin> set)
    {
        // One environment for the whole instruction: what it declares is seen from the next one on.
        var declared = new List<(string Name, string? Value, bool IsKnown, VariableSource Source)>();
        foreach (var declaration in syntax.Declarations)
        {
            if (expand(declaration.Name) is not { Value: var name })
            {
                continue;
            }

            if (name.Length == 0)
            {
                context.Diagnostics.Report(Rules.InvalidName, declaration.Name.Span, "the name before '=' is empty");
                continue;
            }

            context.DeclareArgument(name);

            // Expanded even where it is not used, so that its mistakes are reported whatever the caller passes.
            var fallback = declaration.Value is { } written ? expand(written) : null;
            if (context.Options.Arguments.Find(name) is { } given)
            {
                declared.Add((name, given, IsKnown: true, VariableSource.BuildArgument));
            }
            else if (declaration.Value is null)
            {
                declared.Add((name, context.Globals.Find(name), IsKnown: true, VariableSource.Argument));
            }
            else
            {
                declared.Add((name, fallback?.Value, IsKnown: fallback is not { IsKnown: false }, VariableSource.Argument));
            }
        }

        foreach (var (name, value, isKnown, source) in declared)
        {
            set(name, value, isKnown, new VariableOrigin(source, syntax.Head.PlaceText));
        }
    }
}
