using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>Declares build arguments: what the caller gives beats the default, which beats the value above the first FROM.</summary>
internal static class ArgRule
{
    public static void Plan(ArgSyntax syntax, StagePlanner stage)
    {
        var given = stage.Context.Options.Arguments;
        Declare(syntax, stage.Context, word => stage.Expand(word)?.Value, stage.SetArgument, inherited: name => given.Find(name) ?? stage.Context.Globals.Find(name));
    }

    public static void PlanGlobal(ArgSyntax syntax, PlanningContext context)
    {
        var globals = context.Globals;
        string? Expand(Word word) => context.ExpandGlobally(word, Rules.UndefinedVariable, "no ARG above declares");
        Declare(syntax, context, Expand, globals.Declare, inherited: name => context.Options.Arguments.Find(name) ?? globals.Find(name));
    }

    private static void Declare(
        ArgSyntax syntax, PlanningContext context, Func<Word, string?> expand, Action<string, string?> set, Func<string, string?> inherited)
    {
        // One environment for the whole instruction: what it declares is seen from the next one on.
        var declared = new List<(string Name, string? Value)>();
        foreach (var declaration in syntax.Declarations)
        {
            if (expand(declaration.Name) is not { } name)
            {
                continue;
            }

            if (name.Length == 0)
            {
                context.Diagnostics.Report(Rules.InvalidName, declaration.Name.Span, "the name before '=' is empty");
                continue;
            }

            context.DeclareArgument(name);
            var fallback = declaration.Value is { } written ? expand(written) : null;
            var given = context.Options.Arguments.Find(name);
            declared.Add((name, given ?? (declaration.Value is null ? inherited(name) : fallback)));
        }

        foreach (var (name, value) in declared)
        {
            set(name, value);
        }
    }
}
