namespace Kleene.Build.Parser.Expansion;

// What follows a dollar: names, and the forms in braces with their modifiers.
internal sealed partial class WordExpander
{
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
                    Fail(ExpansionProblem.RequiredVariable, start, at - start, $"{name}: {reason}", name);
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
}
