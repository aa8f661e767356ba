using System.Collections.Immutable;
using Kleene.Build.Parser.Syntax;

namespace Kleene.Build.Parser.Linting.Shell;

/// <summary>
/// Cuts a script into the programs that it calls, near enough for advice: control flow is walked through, substitutions and
/// functions are not followed. Nothing is ever executed.
/// </summary>
internal sealed class ShellScript
{
    private readonly Word script;
    private readonly string text;
    private readonly ImmutableArray<ShellCommand>.Builder commands = ImmutableArray.CreateBuilder<ShellCommand>();
    private readonly List<ShellArgument> words = [];
    private readonly List<ShellArgument> outputs = [];
    private readonly Queue<string> heredocs = new();
    private int at;

    private ShellScript(Word script)
    {
        this.script = script;
        text = script.Text;
    }

    public static ImmutableArray<ShellCommand> Read(Word script) => new ShellScript(script).Read();

    private ImmutableArray<ShellCommand> Read()
    {
        while (at < text.Length)
        {
            switch (text[at])
            {
                case '\n':
                    End();
                    at++;
                    SkipHeredocs();
                    break;
                case '\\' when Next == '\n':
                    at += 2;
                    break;
                case '&' when Next == '>':
                    at++;
                    break;
                case ';' or '&' or '|' or '(' or ')':
                    End();
                    at++;
                    break;
                case '#':
                    SkipLine();
                    break;
                case '<' or '>':
                    ReadRedirection();
                    break;
                case var c when char.IsWhiteSpace(c):
                    at++;
                    break;
                default:
                    ReadArgument();
                    break;
            }
        }

        End();
        return commands.ToImmutable();
    }

    private char Next => at + 1 < text.Length ? text[at + 1] : '\0';

    private void ReadArgument()
    {
        var argument = ShellWordReader.Read(script, at);
        at = argument.Start + argument.Length;

        // 2> and its kin: the number belongs to the redirection.
        if (at < text.Length && text[at] is '<' or '>' && argument.Text.All(char.IsAsciiDigit))
        {
            return;
        }

        words.Add(argument);
    }

    private void ReadRedirection()
    {
        var start = at;
        while (at < text.Length && text[at] is '<' or '>' or '&' or '|' or '-')
        {
            at++;
        }

        var symbol = text.AsSpan(start, at - start);
        while (at < text.Length && text[at] is ' ' or '\t')
        {
            at++;
        }

        if (at == text.Length || text[at] is '\n' or ';' or '(' or ')')
        {
            return;
        }

        var target = ShellWordReader.Read(script, at);
        at = target.Start + target.Length;
        if (symbol is "<<" or "<<-")
        {
            heredocs.Enqueue(target.Text);
        }
        else if (symbol.StartsWith(">") && !symbol.EndsWith("&") && !symbol.EndsWith("-"))
        {
            outputs.Add(target);
        }
    }

    private void SkipHeredocs()
    {
        while (heredocs.TryDequeue(out var name))
        {
            while (at < text.Length)
            {
                var start = at;
                SkipLine();
                at = Math.Min(at + 1, text.Length);
                if (text.AsSpan(start, at - start).Trim().SequenceEqual(name))
                {
                    break;
                }
            }
        }
    }

    private void SkipLine()
    {
        var end = text.IndexOf('\n', at);
        at = end < 0 ? text.Length : end;
    }

    private void End()
    {
        var program = ShellPrefixes.Skip(words);
        if (program < words.Count || outputs.Count > 0)
        {
            commands.Add(new ShellCommand([.. words.Skip(program)], [.. outputs]));
        }

        words.Clear();
        outputs.Clear();
    }
}
