using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Linting;
using Kleene.Build.Parser.Linting.Checks;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser;

/// <summary>Turns a Kleenefile into a plan. A pure function: no files, clock, environment or processes.</summary>
public static class KleenefileCompiler
{
    public static Compilation Compile(SourceText source, CompileOptions options)
    {
        var diagnostics = new DiagnosticBag();
        var file = LineLexer.Lex(source, diagnostics);
        var syntax = SyntaxReader.Read(source, file, diagnostics);
        var whole = IncludeExpander.Expand(syntax, options.Includes, diagnostics);
        var checks = CheckSettings.Read(whole, options, diagnostics);
        var planned = Planner.Plan(whole, options, diagnostics);
        if (options.Lint != LintLevel.None)
        {
            Linter.Run(new LintedFile(whole, planned, options), diagnostics);
        }

        var found = checks.Apply(diagnostics.ToSorted());
        if (options.Lint == LintLevel.Everything)
        {
            var useless = new DiagnosticBag();
            Linter.ReportUselessSkips(checks, options, useless);
            found = DiagnosticBag.Sort(found.Concat(checks.Apply(useless.ToSorted())));
        }

        var compilation = new Compilation { Source = source, Diagnostics = found };
        return compilation.HasErrors ? compilation : compilation with { Plan = planned.Plan };
    }
}
