using System.Diagnostics;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Syntax.Grammar;

namespace Kleene.Build.Parser.Formatting;

/// <summary>
/// Cuts an instruction into the parts that carry its meaning. The text of a command is one part with all its blanks: a shell
/// may see them between quotes, and the key of the step is made of them.
/// </summary>
internal sealed class LexemeCutter
{
    private readonly List<Lexeme> lexemes = [];

    private LexemeCutter()
    {
    }

    public static List<Lexeme> Cut(InstructionHead head)
    {
        var cutter = new LexemeCutter();
        cutter.AddHead(head);
        if (head.ReadAsKleene is not null)
        {
            // Kleene takes the rest of the line as it is, the blanks at its ends included.
            cutter.lexemes.Add(new Lexeme(head.ArgumentsStart, head.Line.Text.Length) { IsText = true });
            return cutter.lexemes;
        }

        cutter.AddArguments(head, head.Definition.Shape);
        return cutter.lexemes;
    }

    private void AddHead(InstructionHead head)
    {
        lexemes.Add(Of(head.Keyword) with { IsKeyword = true });
        lexemes.AddRange(head.Flags.Select(flag => Of(flag.Word)));

        // Two dashes that end the flags stand between them and the arguments.
        var end = lexemes[^1].End;
        var between = head.Line.Text.AsSpan(end, head.ArgumentsStart - end);
        if (between.IndexOf("--") is >= 0 and var dashes)
        {
            lexemes.Add(new Lexeme(end + dashes, end + dashes + 2));
        }
    }

    private void AddArguments(InstructionHead head, ArgumentShape shape)
    {
        switch (shape)
        {
            case ArgumentShape.Text:
                AddText(head);
                break;
            case ArgumentShape.Words:
                AddWords(head);
                break;
            case ArgumentShape.WordsOrArray:
                AddArrayOr(AddWords, head);
                break;
            case ArgumentShape.Pairs:
                AddPairs(head, ArgumentGrammar.Pairs(head).Value?.Pairs);
                break;
            case ArgumentShape.Declarations:
                AddPairs(head, ArgumentGrammar.Declarations(head).Value);
                break;
            case ArgumentShape.Command:
                AddArrayOr(AddText, head);
                break;
            case ArgumentShape.Check:
                AddCheck(head);
                break;
            case ArgumentShape.Condition:
                lexemes.AddRange(ArgumentGrammar.QuotedWords(head).Select(word => Of(word) with { IsKeyword = word.Text.Equals("IF", StringComparison.OrdinalIgnoreCase) }));
                break;
            default:
                throw new UnreachableException();
        }
    }

    private void AddText(InstructionHead head)
    {
        if (ArgumentGrammar.Text(head) is { } text)
        {
            lexemes.Add(Of(text) with { IsText = true });
        }
    }

    private void AddWords(InstructionHead head)
    {
        foreach (var word in ArgumentGrammar.Words(head).Value ?? [])
        {
            lexemes.Add(Of(word));
        }

        // FROM image AS name
        if (head.Name == "FROM" && lexemes is [.., var keyword, _] && keyword.Start > head.ArgumentsStart)
        {
            lexemes[^2] = keyword with { IsKeyword = true };
        }
    }

    private void AddPairs(InstructionHead head, IEnumerable<PairSyntax>? pairs)
    {
        if (pairs is null)
        {
            AddText(head);
            return;
        }

        foreach (var (name, value) in pairs)
        {
            var written = Of(name);
            if (value is { } text && head.Line.Text[written.End] == '=')
            {
                lexemes.Add(written with { End = Of(text).End });
                continue;
            }

            lexemes.Add(written);
            if (value is { } old)
            {
                lexemes.Add(Of(old) with { IsText = true });
            }
        }
    }

    private void AddArrayOr(Action<InstructionHead> other, InstructionHead head)
    {
        if (ArgumentGrammar.Array(head) is not { } elements)
        {
            other(head);
            return;
        }

        // All that is not an element is a bracket, a comma or a blank.
        var text = head.Line.Text;
        var at = text.IndexOf('[', head.ArgumentsStart);
        lexemes.Add(new Lexeme(at, at + 1));
        var gap = "";
        foreach (var element in elements)
        {
            if (gap.Length > 0)
            {
                AddMark(text, ',');
            }

            lexemes.Add(Of(element.Word) with { Gap = gap });
            gap = " ";
        }

        AddMark(text, ']');
    }

    private void AddMark(string text, char mark)
    {
        var at = text.IndexOf(mark, lexemes[^1].End);
        lexemes.Add(new Lexeme(at, at + 1) { Gap = "" });
    }

    private void AddCheck(InstructionHead head)
    {
        if (ArgumentGrammar.Text(head) is not { } text)
        {
            return;
        }

        var kind = text.Text.AsSpan();
        var length = 0;
        while (length < kind.Length && !char.IsWhiteSpace(kind[length]))
        {
            length++;
        }

        lexemes.Add(Of(text.Slice(0, length)) with { IsKeyword = true });
        var rest = kind.Length - kind[length..].TrimStart().Length;
        AddArguments(head with { ArgumentsStart = text.Start + rest }, ArgumentShape.Command);
    }

    private static Lexeme Of(Word word) => new(word.Start, word.Start + word.Length);
}
