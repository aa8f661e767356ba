using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Expansion;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Tests;

/// <summary>The words that the tests of the compiler are written in.</summary>
internal static class Given
{
    public static Compilation Compile(string text, CompileOptions? options = null) =>
        KleenefileCompiler.Compile(new SourceText("Kleenefile", text), options ?? CompileOptions.Default);

    /// <summary>The plan of a text that has no errors.</summary>
    public static BuildPlan Plan(string text, CompileOptions? options = null)
    {
        var compilation = Compile(text, options);
        return compilation.Plan ?? throw new InvalidOperationException(DiagnosticFormatter.Format(compilation.Diagnostics));
    }

    public static BuildArguments Arguments(params string[] pairs) =>
        new(pairs.Select(pair => pair.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair[1])));

    public static BuildStep.Run Run(this PlannedStage stage, int number = 1) => stage.Steps.OfType<BuildStep.Run>().ElementAt(number - 1);

    /// <summary>Ids of the rules found, in the order of the file.</summary>
    public static string[] RuleNames(this Compilation compilation) => [.. compilation.Diagnostics.Select(diagnostic => diagnostic.Rule.Name)];

    public sealed class Variables(params string[] pairs) : IVariables
    {
        private readonly Dictionary<string, string> values = pairs.Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

        public string? Find(string name) => values.GetValueOrDefault(name);
    }
}
