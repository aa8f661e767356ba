using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Parser.Syntax.Instructions;

/// <summary>
/// Reads the condition of an IF: <c>word</c>, <c>word == word</c>, <c>word != word</c>, <c>!</c>, <c>&amp;&amp;</c>, <c>||</c> and
/// parentheses, all with blanks around them, binding as they do in a shell's test or in C.
/// </summary>
internal sealed class ConditionReader
{
    // Each level of parentheses or ! costs a stack frame; nobody writes that many.
    private const int MostLevels = 100;

    private readonly InstructionHead head;
    private readonly IReadOnlyList<Word> words;
    private readonly DiagnosticBag diagnostics;
    private int at;
    private int level;

    private ConditionReader(InstructionHead head, IReadOnlyList<Word> words, DiagnosticBag diagnostics)
    {
        this.head = head;
        this.words = words;
        this.diagnostics = diagnostics;
    }

    /// <summary>Null when the words are no condition, which has been reported.</summary>
    public static ConditionSyntax? Read(InstructionHead head, IReadOnlyList<Word> words, DiagnosticBag diagnostics)
    {
        var reader = new ConditionReader(head, words, diagnostics);
        if (reader.Or() is not { } condition)
        {
            return null;
        }

        return reader.at == words.Count ? condition : reader.Stop("expected '&&', '||', '==', '!=' or the end of the line");
    }

    private string? Next => at < words.Count ? words[at].Text : null;

    private ConditionSyntax? Or()
    {
        var left = And();
        while (left is not null && Take("||"))
        {
            left = And() is { } right ? new ConditionSyntax.Or(left, right) : null;
        }

        return left;
    }

    private ConditionSyntax? And()
    {
        var left = Operand();
        while (left is not null && Take("&&"))
        {
            left = Operand() is { } right ? new ConditionSyntax.And(left, right) : null;
        }

        return left;
    }

    private ConditionSyntax? Operand()
    {
        if (++level > MostLevels)
        {
            return Stop("the condition is nested too deeply");
        }

        var operand = Take("!") ? (Operand() is { } negated ? new ConditionSyntax.Not(negated) : null)
            : Take("(") ? Parenthesized()
            : Comparison();
        level--;
        return operand;
    }

    private ConditionSyntax? Parenthesized()
    {
        if (Or() is not { } inner)
        {
            return null;
        }

        return Take(")") ? inner : Stop("expected ')'");
    }

    private ConditionSyntax? Comparison()
    {
        if (Word() is not { } left)
        {
            return null;
        }

        var isNegated = Next == "!=";
        if (!isNegated && Next != "==")
        {
            return new ConditionSyntax.IsSet(left);
        }

        at++;
        return Word() is { } right ? new ConditionSyntax.Equal(left, right, isNegated) : null;
    }

    private Word? Word()
    {
        if (Next is null or "==" or "!=" or "&&" or "||" or "!" or "(" or ")" or "=")
        {
            Stop("expected a word such as $NAME");
            return null;
        }

        if (GluedOperator(words[at].Text) is { } glued)
        {
            Stop($"put blanks around '{glued}', or quote the word");
            return null;
        }

        return words[at++];
    }

    private bool Take(string word)
    {
        if (Next != word)
        {
            return false;
        }

        at++;
        return true;
    }

    private ConditionSyntax? Stop(string expected)
    {
        var (span, found) = at < words.Count ? (words[at].Span, $"'{words[at].Text}'") : (head.TextSpan, "the end of the line");
        diagnostics.Report(Rules.MalformedCondition, span, $"the condition stops at {found}; {expected}");
        return null;
    }

    /// <summary>The operator that somebody wrote into a word, which would then be true whatever it compares.</summary>
    private static string? GluedOperator(string word) =>
        word.AsSpan().IndexOfAny("\"'{") >= 0 ? null
        : word.StartsWith('!') ? "!"
        : ((ReadOnlySpan<string>)["==", "!=", "&&", "||", "(", ")"]).ToArray().FirstOrDefault(word.Contains);
}
