using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Expansion;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Planning;

/// <summary>What all stages of a file share while it is planned.</summary>
internal sealed class PlanningContext(CompileOptions options, StageGraph stages, GlobalScope globals, char escape, DiagnosticBag diagnostics)
{
    private readonly HashSet<string> declaredArguments = new(StringComparer.Ordinal);

    public CompileOptions Options => options;

    public StageGraph Stages => stages;

    public GlobalScope Globals => globals;

    public DiagnosticBag Diagnostics => diagnostics;

    /// <summary>Remembers that an ARG names it, so that a build argument of that name is not in vain.</summary>
    public void DeclareArgument(string name) => declaredArguments.Add(name);

    /// <summary>Expands a word and reports what is wrong with it; null when it cannot be expanded.</summary>
    public Expanded? Expand(Word word, IVariables variables, Action<Word, UnsetVariable> reportUnset)
    {
        var expanded = WordExpander.Expand(word.Text, variables, escape);
        foreach (var unset in expanded.Unset)
        {
            reportUnset(word, unset);
        }

        if (expanded.Error is not { } error)
        {
            return expanded;
        }

        var rule = error.Problem switch
        {
            ExpansionProblem.UnterminatedQuote => Rules.UnterminatedQuote,
            ExpansionProblem.RequiredVariable => Rules.RequiredVariable,
            _ => Rules.BadSubstitution,
        };
        diagnostics.Report(rule, word.SpanOf(error.Offset, error.Length), error.Message);
        return null;
    }

    public void ReportUnusedArguments()
    {
        foreach (var name in options.Arguments.Names)
        {
            if (!declaredArguments.Contains(name) && !BuiltInArguments.IsForBuilder(name) && !globals.IsPlatformWord(name))
            {
                diagnostics.Report(
                    Rules.UnusedBuildArgument, Diagnostic.WholeRequest,
                    $"no ARG declares the build argument '{name}'{Suggestion.For(name, declaredArguments)}");
            }
        }
    }
}
