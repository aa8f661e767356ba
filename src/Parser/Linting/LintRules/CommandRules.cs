using System.Collections.Immutable;
using System.Text;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting.Shell;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Linting.LintRules;

/// <summary>How the program of an image is started.</summary>
internal static class CommandRules
{
    // Words that only a shell knows, or that change the shell itself.
    private static readonly ImmutableHashSet<string> OfShells =
        [".", ":", "alias", "cd", "eval", "exit", "export", "read", "set", "shift", "source", "trap", "ulimit", "umask", "unset", "wait"];

    /// <summary>Where the file chooses the shell itself, it is meant: as in BuildKit, a SHELL of the base counts too.</summary>
    public static void JsonArgsRecommended(LintedFile file, DiagnosticBag found)
    {
        foreach (var stage in file.Stages)
        {
            var choosesShell = ChoosesShell(file, stage);
            foreach (var instruction in stage.Instructions)
            {
                choosesShell |= instruction.Syntax is ShellSyntax;
                if (!choosesShell && Command(instruction.Syntax) is CommandSyntax.Shell { Text: var text })
                {
                    var fix = Array(instruction.Head, text) is { } array ? new TextEdit(text.Span, array) : null;
                    found.Report(
                        Rules.JsonArgsRecommended, text.Span,
                        $"a shell runs this {instruction.Head.Name} and does not pass signals on; write {(fix is null ? "a JSON array" : fix.NewText)}",
                        fix);
                }
            }
        }
    }

    private static CommandSyntax? Command(InstructionSyntax syntax) => syntax switch
    {
        CmdSyntax cmd => cmd.Command,
        EntrypointSyntax entrypoint => entrypoint.Command,
        _ => null,
    };

    private static bool ChoosesShell(LintedFile file, LintedStage stage) => stage.Base switch
    {
        StageBase.Stage parent => !file.Stages[parent.Index].Config.Shell.IsEmpty,
        StageBase.Image image => file.Options.BaseConfigs.TryGetValue(image.Reference, out var known) && !known.Shell.IsEmpty,
        _ => false,
    };

    /// <summary>The same words as an array; null where a shell does more than to split them.</summary>
    private static string? Array(InstructionHead head, Word text)
    {
        // Over several lines there may be comments between the words, and a layout that somebody chose.
        if (text.Span.Length != text.Length || head.Line.Heredocs.Length > 0
            || ShellScript.Read(text) is not [{ Outputs.IsEmpty: true } command] || command.Words.Any(word => !word.IsLiteral))
        {
            return null;
        }

        // Nothing but words may have been there: no operator, no assignment, no keyword. An exec is what the array does by itself.
        var words = command.Words;
        var before = text.Text.AsSpan(0, words[0].Start).Trim();
        var after = text.Text.AsSpan(words[^1].Start + words[^1].Length).Trim();
        return before is "" or "exec" && after.IsEmpty && !OfShells.Contains(words[0].Text) && !words.Any(word => word.Text.Any(char.IsControl))
            ? $"[{string.Join(", ", words.Select(word => Quote(word.Text)))}]"
            : null;
    }

    private static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            _ = c is '"' or '\\' ? quoted.Append('\\').Append(c) : quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }
}
