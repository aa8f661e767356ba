using System.Collections.Immutable;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Linting.Shell;

/// <summary>Finds the programs that a RUN calls, wherever they are written: in the line, in a heredoc, in an array.</summary>
internal static class RunCommands
{
    private static readonly HashSet<string> Shells = ["sh", "bash", "dash", "ash", "zsh", "ksh"];

    public static ImmutableArray<ShellCommand> Of(InstructionSyntax syntax) => syntax switch
    {
        RunSyntax { Command: CommandSyntax.Exec exec } => OfArray(exec.Arguments),
        RunSyntax { Command: CommandSyntax.Shell shell } => OfText(shell.Text, syntax.Head.Line.Heredocs),
        _ => [],
    };

    private static ImmutableArray<ShellCommand> OfArray(ImmutableArray<Word> words)
    {
        var command = new ShellCommand([.. words.Select(word => new ShellArgument(word.Text, word, 0, word.Text.Length, IsLiteral: true))], []);
        return words.Length >= 3 && Shells.Contains(command.Program) && words[1].Text is ['-', .., 'c'] ? ShellScript.Read(words[2]) : [command];
    }

    private static ImmutableArray<ShellCommand> OfText(Word text, ImmutableArray<HeredocSyntax> heredocs)
    {
        var commands = ShellScript.Read(text);
        var reader = commands.IsEmpty ? "" : commands[^1].Program;
        return heredocs.IsEmpty || !(reader.Length == 0 || Shells.Contains(reader))
            ? commands
            : [.. commands, .. heredocs.Where(heredoc => IsShellScript(heredoc.Body.Text)).SelectMany(heredoc => ShellScript.Read(Body(heredoc)))];
    }

    private static Word Body(HeredocSyntax heredoc)
    {
        var line = heredoc.Content();
        return new Word(line.Text, line, 0, line.Text.Length);
    }

    private static bool IsShellScript(string body)
    {
        if (!body.StartsWith("#!", StringComparison.Ordinal))
        {
            return true;
        }

        var program = body.Split('\n', 2)[0].Split([' ', '/', '\r'], StringSplitOptions.RemoveEmptyEntries);
        return program.Any(Shells.Contains);
    }
}
