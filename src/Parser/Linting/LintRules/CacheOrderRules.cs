using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting.Shell;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Linting.LintRules;

/// <summary>Steps that stand where every little change runs them again.</summary>
internal static class CacheOrderRules
{
    public static void CopyBeforeInstall(LintedFile file, DiagnosticBag found)
    {
        var installed = new List<HashSet<string>>();
        foreach (var stage in file.Stages)
        {
            var known = stage.Base is StageBase.Stage parent ? new HashSet<string>(installed[parent.Index]) : [];
            installed.Add(known);
            ContextCopy? everything = null;
            foreach (var instruction in stage.Instructions)
            {
                if (ContextCopy.Of(instruction) is { TakesEverything: true } copy)
                {
                    everything ??= copy;
                    continue;
                }

                // With a cache of its own the tool keeps what it has fetched whatever was copied.
                if (instruction.Head.AllFlags("mount").Any(mount => mount.Text.Contains("type=cache", StringComparison.Ordinal)))
                {
                    continue;
                }

                foreach (var tool in instruction.Commands.Select(DependencyInstall.Of).OfType<DependencyInstall>())
                {
                    // What was installed before the copy is there; this only adds to it.
                    if (known.Add(tool.Name) && everything is { } early)
                    {
                        found.Report(
                            Rules.CopyBeforeInstall, early.SourcesSpan,
                            $"any change of any file runs '{tool.Command}' in {instruction.PlaceFrom(early.SourcesSpan.Source)} again; {tool.Advice}");

                        // One advice for a copy.
                        everything = null;
                    }
                }
            }
        }
    }

    /// <summary>Every RUN has the ARGs above it in its environment, so another value runs it again whether it looks or not.</summary>
    public static void EarlyArgument(LintedFile file, DiagnosticBag found)
    {
        foreach (var stage in file.Stages)
        {
            var waiting = new Dictionary<string, EarlyDeclaration>(StringComparer.Ordinal);
            foreach (var instruction in stage.Instructions)
            {
                if (waiting.Count > 0)
                {
                    Use(instruction, waiting, found);
                }

                if (instruction.Syntax is ArgSyntax declarations)
                {
                    foreach (var pair in declarations.Declarations.Where(pair => IsLikelyToChange(pair)))
                    {
                        waiting[pair.Name.Text] = new EarlyDeclaration(pair.Name);
                    }
                }
            }
        }
    }

    private static void Use(LintedInstruction instruction, Dictionary<string, EarlyDeclaration> waiting, DiagnosticBag found)
    {
        var text = instruction.Head.Line.Text;
        var bodies = instruction.Head.Line.Heredocs;
        foreach (var (name, declaration) in waiting.ToList())
        {
            if (text.Contains(name, StringComparison.Ordinal) || bodies.Any(heredoc => heredoc.Body.Text.Contains(name, StringComparison.Ordinal)))
            {
                waiting.Remove(name);
                if (declaration.Commands > 0)
                {
                    found.Report(
                        Rules.EarlyArgument, declaration.Name.Span,
                        $"another '{name}' runs {(declaration.Commands == 1 ? "a command" : $"{declaration.Commands} commands")} again that do{(declaration.Commands == 1 ? "es" : "")} not use it; "
                        + $"{instruction.PlaceFrom(declaration.Name.Span.Source)} is the first that does");
                }
            }
            else if (instruction.Syntax is RunSyntax)
            {
                declaration.Commands++;
            }
        }
    }

    /// <summary>
    /// An argument that has to be given, or whose name is that of something new in each build. A default changes with the file, and
    /// what configures tools or describes the platform is used by commands that do not name it.
    /// </summary>
    private static bool IsLikelyToChange(PairSyntax pair) =>
        !ArgumentNames.IsForTools(pair.Name.Text) && (pair.Value is null || ArgumentNames.IsNewInEachBuild(pair.Name.Text));

    private sealed record EarlyDeclaration(Word Name)
    {
        /// <summary>How many have run since without naming it.</summary>
        public int Commands { get; set; }
    }
}
