using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Planning.InstructionRules;

/// <summary>What a RUN executes, its heredocs included. Their bodies are never expanded here: that is the shell's part.</summary>
/// <param name="Argv">The words of the command.</param>
/// <param name="Script">The content of the file that the command runs; null when it runs none.</param>
/// <param name="ScriptPath">Where the command finds that file; empty when there is none.</param>
internal sealed record RunCommand(ImmutableArray<string> Argv, string? Script = null, string ScriptPath = "")
{
    /// <summary>Where other builders put scripts; programs that print their own path print the same.</summary>
    private const string ScriptDirectory = "/dev/pipes";

    /// <summary>Null when the command cannot be; that has been reported.</summary>
    public static RunCommand? Of(RunSyntax syntax, StagePlanner stage)
    {
        var line = syntax.Head.Line;
        if (line.Heredocs.IsEmpty || syntax.Command is not CommandSyntax.Shell { Text: var text })
        {
            return new RunCommand(CommandWords.Of(syntax.Command, stage));
        }

        if (line.Heredocs is not [var heredoc] || text.Span != heredoc.Operator)
        {
            return new RunCommand([.. stage.Shell, Reassembled(text.Text, line)]);
        }

        var content = heredoc.Content().Text;
        if (!heredoc.Body.Text.StartsWith("#!", StringComparison.Ordinal))
        {
            return new RunCommand([.. stage.Shell, content]);
        }

        if (!IsFileName(heredoc.Name))
        {
            stage.Report(
                Rules.InvalidName, heredoc.Operator,
                $"'{heredoc.Name}' cannot name the script that this heredoc is; use letters, digits, '-', '_' and '.', as in <<EOF");
            return null;
        }

        var path = $"{ScriptDirectory}/{heredoc.Name}";
        return new RunCommand([.. stage.Shell, path], content, path);
    }

    /// <summary>The command with the bodies below it, as the shell itself reads heredocs. It takes the TABs away for <c>&lt;&lt;-</c>.</summary>
    private static string Reassembled(string command, LogicalLine line) =>
        command + string.Concat(line.Heredocs.Select(heredoc => $"\n{heredoc.Body.Text}{heredoc.Name}"));

    /// <summary>The path is handed to a shell, so nothing in it may mean something to one.</summary>
    private static bool IsFileName(string name) =>
        name is not ("." or "..") && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');
}
