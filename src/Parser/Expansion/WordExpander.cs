using System.Collections.Immutable;
using System.Text;

namespace Kleene.Build.Parser.Expansion;

/// <summary>
/// Removes quotes and replaces variables, as POSIX shells do and as far as the Dockerfile language asks:
/// a pure function of the word, the variables and the escape character. No shell is ever involved.
/// </summary>
internal sealed partial class WordExpander
{
    // Substitutions nest ("${a:-${b:-...}}") and each level is a frame of the stack.
    private const int MaximumDepth = 64;

    // A variable that holds itself twice doubles with every line; no kernel takes an environment string of this length.
    private const int MaximumLength = 1 << 20;

    private readonly string word;
    private readonly IVariables variables;
    private readonly char escape;
    private readonly bool quotesAreText;
    private readonly List<UnsetVariable> unset = [];
    private ExpansionError? error;
    private int at;
    private int depth;

    private WordExpander(string word, IVariables variables, char escape, bool quotesAreText = false)
    {
        this.quotesAreText = quotesAreText;
        this.word = word;
        this.variables = variables;
        this.escape = escape;
    }

    private bool AtEnd => at >= word.Length;

    private bool Failed => error is not null;

    public static Expanded Expand(string word, IVariables variables, char escape = '\\')
    {
        if (word.AsSpan().IndexOfAny("$'\"") < 0 && !word.Contains(escape) && !word.Any(char.IsWhiteSpace))
        {
            return new Expanded(word, word.Length == 0 ? [] : [word], [], null);
        }

        return new WordExpander(word, variables, escape).Expand();
    }

    /// <summary>
    /// For the body of a heredoc: quotes are characters like others. The escape character there is the backslash, whatever the
    /// file's directive says, because the reference has it so; it goes from before every character.
    /// </summary>
    public static Expanded ExpandText(string text, IVariables variables) =>
        text.AsSpan().IndexOfAny('$', '\\') < 0
            ? new Expanded(text, [text], [], null)
            : new WordExpander(text, variables, '\\', quotesAreText: true).Expand();

    private Expanded Expand()
    {
        var result = ReadUntil(stop: null, keepsEscapes: false);
        return Failed
            ? new Expanded("", [], [.. unset], error)
            : new Expanded(result.Text.ToString(), result.Words(), [.. unset], null);
    }

    /// <summary>Reads to the stop character and past it, or to the end of the word when there is none.</summary>
    private SplitText ReadUntil(char? stop, bool keepsEscapes)
    {
        var result = new SplitText();
        while (!AtEnd && !Failed)
        {
            var c = word[at];
            if (c == stop)
            {
                at++;
                return result;
            }

            switch (c)
            {
                case '\'' when !quotesAreText:
                    result.AddQuoted(ReadSingleQuoted());
                    break;
                case '"' when !quotesAreText:
                    result.AddQuoted(ReadDoubleQuoted(keepsEscapes));
                    break;
                case '$':
                    result.AddSplitting(ReadDollar());
                    break;
                case var _ when c == escape:
                    ReadEscaped(result, keepsEscapes);
                    break;
                default:
                    result.AddSplitting(c);
                    at++;
                    break;
            }

            CheckLength(result.Text);
        }

        if (stop is { } missing && !Failed)
        {
            Fail(ExpansionProblem.BadSubstitution, word.Length, 0, $"'{missing}' is missing");
        }

        return result;
    }

    /// <summary>An escape character at the end of a word is dropped.</summary>
    private void ReadEscaped(SplitText result, bool keepsEscapes)
    {
        at++;
        if (keepsEscapes)
        {
            result.AddQuoted(escape);
        }

        if (!AtEnd)
        {
            result.AddQuoted(word[at++]);
        }
    }

    private string ReadSingleQuoted()
    {
        var close = word.IndexOf('\'', at + 1);
        if (close < 0)
        {
            Fail(ExpansionProblem.UnterminatedQuote, at, word.Length - at, "the single quote is not closed");
            return "";
        }

        var text = word[(at + 1)..close];
        at = close + 1;
        return text;
    }

    private string ReadDoubleQuoted(bool keepsEscapes)
    {
        var start = at++;
        var text = new StringBuilder();
        while (!AtEnd && !Failed)
        {
            var c = word[at];
            if (c == '"')
            {
                at++;
                return text.ToString();
            }

            if (c == '$')
            {
                text.Append(ReadDollar());
                CheckLength(text);
                continue;
            }

            at++;
            if (c == escape)
            {
                if (keepsEscapes)
                {
                    text.Append(c);
                }

                if (AtEnd)
                {
                    break;
                }

                // Between double quotes only these can be escaped; before anything else the escape character stays.
                if (word[at] is '"' or '$' || word[at] == escape)
                {
                    c = word[at++];
                }
            }

            text.Append(c);
        }

        if (!Failed)
        {
            Fail(ExpansionProblem.UnterminatedQuote, start, word.Length - start, "the double quote is not closed");
        }

        return "";
    }

    private void CheckLength(StringBuilder text)
    {
        if (text.Length > MaximumLength)
        {
            Fail(ExpansionProblem.BadSubstitution, 0, word.Length, $"the value grows beyond {MaximumLength} characters");
        }
    }

    private void Fail(ExpansionProblem problem, int offset, int length, string message, string? variable = null) =>
        error ??= new ExpansionError(problem, offset, length, message, variable);
}
