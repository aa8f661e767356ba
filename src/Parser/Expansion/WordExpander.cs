using System.Collections.Immutable;
using System.Text;

namespace Kleene.Build.Parser.Expansion;

/// <summary>
/// Removes quotes and replaces variables, as POSIX shells do and as far as the Dockerfile language asks:
/// a pure function of the word, the variables and the escape character. No shell is ever involved.
/// </summary>
internal sealed class WordExpander
{
    // Substitutions nest ("${a:-${b:-...}}") and each level is a frame of the stack.
    private const int MaximumDepth = 64;

    // A variable that holds itself twice doubles with every line; no kernel takes an environment string of this length.
    private const int MaximumLength = 1 << 20;

    private readonly string word;
    private readonly IVariables variables;
    private readonly char escape;
    private readonly List<UnsetVariable> unset = [];
    private ExpansionError? error;
    private int at;
    private int depth;

    private WordExpander(string word, IVariables variables, char escape)
    {
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

        var expander = new WordExpander(word, variables, escape);
        var result = expander.ReadUntil(stop: null, keepsEscapes: false);
        return expander.Failed
            ? new Expanded("", [], [.. expander.unset], expander.error)
            : new Expanded(result.Text.ToString(), result.Words(), [.. expander.unset], null);
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
                case '\'':
                    result.AddQuoted(ReadSingleQuoted());
                    break;
                case '"':
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

    private string ReadDollar()
    {
        var start = at++;
        if (AtEnd || word[at] != '{')
        {
            var name = ReadName();
            return name.Length == 0 ? "$" : Plain(name, start);
        }

        if (++depth > MaximumDepth)
        {
            Fail(ExpansionProblem.BadSubstitution, start, 2, "substitutions are nested too deeply");
            return "";
        }

        at++;
        var value = ReadBraced(start);
        depth--;
        return value;
    }

    /// <summary>What follows <c>${</c>, to the closing brace.</summary>
    private string ReadBraced(int start)
    {
        if (AtEnd)
        {
            return MissingBrace(start);
        }

        if (word[at] is '{' or '}' or ':')
        {
            var close = word.IndexOf('}', at);
            var end = close < 0 ? word.Length : close + 1;
            Fail(ExpansionProblem.BadSubstitution, start, end - start, $"'{word[start..end]}' names no variable");
            return "";
        }

        var name = ReadName();
        if (AtEnd)
        {
            return MissingBrace(start);
        }

        var modifier = word[at++];
        switch (modifier)
        {
            case '}':
                return Plain(name, start);
            case ':' when !AtEnd && word[at] is '-' or '+' or '?':
                return ReadAlternative(name, word[at++], emptyIsUnset: true, start);
            case '-' or '+' or '?':
                return ReadAlternative(name, modifier, emptyIsUnset: false, start);
            case '#' or '%':
                return ReadTrim(name, modifier, start);
            case '/':
                return ReadReplacement(name, start);
            case ':' when AtEnd:
                return MissingBrace(start);
            default:
                var written = modifier == ':' ? $":{word[at]}" : modifier.ToString();
                Fail(ExpansionProblem.BadSubstitution, start, at - start, $"the modifier '{written}' is not supported in a substitution");
                return "";
        }
    }

    private string ReadAlternative(string name, char modifier, bool emptyIsUnset, int start)
    {
        var alternative = ReadUntil('}', keepsEscapes: false).Text.ToString();
        if (Failed)
        {
            return Widen(start);
        }

        var value = variables.Find(name);
        var isMissing = value is null || (emptyIsUnset && value.Length == 0);
        switch (modifier)
        {
            case '-':
                return isMissing ? alternative : value!;    // not missing, so not null
            case '+':
                return isMissing ? "" : alternative;
            default:
                if (isMissing)
                {
                    var reason = alternative.Length > 0 ? alternative : $"is not allowed to be {(value is null ? "unset" : "empty")}";
                    Fail(ExpansionProblem.RequiredVariable, start, at - start, $"{name}: {reason}");
                }

                return value ?? "";
        }
    }

    private string ReadTrim(string name, char modifier, int start)
    {
        var pattern = ReadUntil('}', keepsEscapes: true).Text.ToString();
        if (Failed)
        {
            return Widen(start);
        }

        var longest = pattern.StartsWith(modifier);
        if (ShellPattern.Parse(longest ? pattern[1..] : pattern, out var problem) is not { } parsed)
        {
            Fail(ExpansionProblem.BadSubstitution, start, at - start, problem);
            return "";
        }

        var value = Plain(name, start);
        return modifier == '#' ? parsed.TrimPrefix(value, longest) : parsed.TrimSuffix(value, longest);
    }

    private string ReadReplacement(string name, int start)
    {
        var all = !AtEnd && word[at] == '/';
        at += all ? 1 : 0;
        var pattern = ReadUntil('/', keepsEscapes: true).Text.ToString();
        var replacement = Failed ? "" : ReadUntil('}', keepsEscapes: true).Text.ToString();
        if (Failed)
        {
            return Widen(start);
        }

        if (ShellPattern.Parse(pattern, out var problem) is not { } parsed)
        {
            Fail(ExpansionProblem.BadSubstitution, start, at - start, problem);
            return "";
        }

        return parsed.Replace(Plain(name, start), replacement, all);
    }

    private string Plain(string name, int start)
    {
        if (variables.Find(name) is { } value)
        {
            return value;
        }

        if (name.Length > 0 && (char.IsLetter(name[0]) || name[0] == '_'))
        {
            unset.Add(new UnsetVariable(name, start, at - start));
        }

        return "";
    }

    /// <summary>Letters, digits and <c>_</c>; or digits alone; or one of the shell's special parameters.</summary>
    private string ReadName()
    {
        var start = at;
        if (AtEnd)
        {
            return "";
        }

        if (char.IsDigit(word[at]))
        {
            while (!AtEnd && char.IsDigit(word[at]))
            {
                at++;
            }
        }
        else if (word[at] is '@' or '*' or '#' or '?' or '-' or '$' or '!')
        {
            at++;
        }
        else
        {
            while (!AtEnd && (char.IsLetterOrDigit(word[at]) || word[at] == '_'))
            {
                at++;
            }
        }

        return word[start..at];
    }

    private string MissingBrace(int start)
    {
        Fail(ExpansionProblem.BadSubstitution, start, word.Length - start, $"'{word[start..]}' has no closing '}}'");
        return "";
    }

    /// <summary>A stop character that was not found is shown with the substitution that wanted it.</summary>
    private string Widen(int start)
    {
        if (error is { Length: 0 })
        {
            error = error with { Offset = start, Length = word.Length - start, Message = $"'{word[start..]}' is not closed: {error.Message}" };
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

    private void Fail(ExpansionProblem problem, int offset, int length, string message) =>
        error ??= new ExpansionError(problem, offset, length, message);
}
