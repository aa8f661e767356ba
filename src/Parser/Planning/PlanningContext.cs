using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Expansion;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Planning;

/// <summary>What all stages of a file share while it is planned.</summary>
internal sealed class PlanningContext(CompileOptions options, StageGraph stages, GlobalScope globals, Dialect dialect, DiagnosticBag diagnostics)
{
    private readonly HashSet<string> declaredArguments = new(StringComparer.Ordinal);

    public CompileOptions Options => options;

    public StageGraph Stages => stages;

    public GlobalScope Globals => globals;

    /// <summary>That of the main file; an instruction knows its own by its head.</summary>
    public Dialect Dialect => dialect;

    public DiagnosticBag Diagnostics => diagnostics;

    /// <summary>Remembers that an ARG names it, so that a build argument of that name is not in vain.</summary>
    public void DeclareArgument(string name) => declaredArguments.Add(name);

    public static Expanded Expand(Word word, IVariables variables)
    {
        if (word.Reading == WordReading.Literal)
        {
            return new Expanded(word.Text, [word.Text], [], null);
        }

        var expanded = WordExpander.Expand(word.Text, variables, word.Line.Notation.EscapeCharacter);
        return word.Reading == WordReading.Echoed ? expanded with { Value = string.Join(' ', expanded.Words) } : expanded;
    }

    /// <summary>The same for text in which quotes mean nothing.</summary>
    public static Expanded ExpandText(Word text, IVariables variables) => WordExpander.ExpandText(text.Text, variables);

    /// <summary>Expands a word of a line that no stage owns, and reports what is wrong with it; null when it cannot be expanded.</summary>
    public string? ExpandGlobally(Word word, DiagnosticRule undefined, string undefinedMessage)
    {
        var expanded = Expand(word, globals);
        foreach (var unset in expanded.Unset.Where(unset => !globals.Declares(unset.Name)))
        {
            var nearest = Suggestion.Nearest(unset.Name, globals.Names);
            var message = $"{undefinedMessage} '{unset.Name}'{Suggestion.Tail(nearest)}";
            diagnostics.Report(undefined, word.SpanOf(unset.Offset, unset.Length), message, unset.Renamed(word, nearest));
        }

        if (expanded.Error is { } error)
        {
            Report(error, word);
            return null;
        }

        return expanded.Value;
    }

    public void Report(ExpansionError error, Word word)
    {
        var rule = error.Problem switch
        {
            ExpansionProblem.UnterminatedQuote => Rules.UnterminatedQuote,
            ExpansionProblem.RequiredVariable => Rules.RequiredVariable,
            _ => Rules.BadSubstitution,
        };
        diagnostics.Report(rule, word.SpanOf(error.Offset, error.Length), error.Message);
    }

    public void ReportUnusedArguments(SourceText file)
    {
        foreach (var name in options.Arguments.Names)
        {
            if (!declaredArguments.Contains(name) && !BuiltInArguments.IsForBuilder(name) && !globals.IsPlatformWord(name))
            {
                diagnostics.Report(
                    Rules.UnusedBuildArgument, Diagnostic.WholeRequest(file),
                    $"no ARG declares the build argument '{name}'{Suggestion.For(name, declaredArguments)}");
            }
        }
    }
}
