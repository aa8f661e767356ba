using System.Runtime.InteropServices;

namespace Kleene.Build.Builder.Contexts;

/// <summary>
/// One pattern of an ignore file, matched as moby's patternmatcher does: it turns a pattern into a regular expression, and short
/// cuts of its own for plain text, <c>text/**</c> and <c>**text</c>. The same expression is built here.
/// </summary>
internal sealed class IgnorePattern
{
    private readonly byte[] text;
    private readonly Form form;
    private readonly PatternExpression? expression;

    /// <param name="text">Cleaned, without <c>!</c>, and valid by <see cref="PathPattern.IsValid"/>.</param>
    public IgnorePattern(ReadOnlySpan<byte> text)
    {
        this.text = text.ToArray();
        (form, expression) = Translate(this.text);
        switch (form)
        {
            case Form.Prefix:
                this.text = this.text[..^2];
                break;
            case Form.Suffix:
                this.text = this.text[2..];
                break;
        }
    }

    private enum Form
    {
        Exact,
        Prefix,
        Suffix,
        Expression,
    }

    /// <summary>Whether the pattern matches this very path; what is below it is the caller's business.</summary>
    public bool Matches(ReadOnlySpan<byte> path) => form switch
    {
        Form.Exact => path.SequenceEqual(text),
        Form.Prefix => path.StartsWith(text),

        // "**/foo" is "foo" too.
        Form.Suffix => path.EndsWith(text) || (text is [(byte)'/', ..] && path.SequenceEqual(text.AsSpan(1))),
        _ => expression!.Matches(path), // Only this form has one, and it always has.
    };

    /// <summary>Whether something below a directory may match. May say yes in vain, never no.</summary>
    public bool MayMatchBelow(ReadOnlySpan<byte> directory)
    {
        if (form is Form.Suffix)
        {
            return true;
        }

        ReadOnlySpan<byte> rest = text;
        foreach (var range in directory.Split((byte)'/'))
        {
            var slash = rest.IndexOf((byte)'/');
            var component = slash < 0 ? rest : rest[..slash];
            if (component.IndexOfAny("[\\"u8) >= 0 || component.IndexOf("**"u8) >= 0)
            {
                return true;
            }

            var name = directory[range];
            var fits = component.IndexOfAny("*?"u8) >= 0 ? PathPattern.Matches(component, name) : component.SequenceEqual(name);
            if (!fits)
            {
                // "ab**" lost its stars to the prefix form.
                return form == Form.Prefix && slash < 0 && name.StartsWith(component);
            }

            if (slash < 0)
            {
                return form == Form.Prefix;
            }

            rest = rest[(slash + 1)..];
        }

        return true;
    }

    /// <summary>Builds the expression, and says which short cut applies instead.</summary>
    private static (Form Form, PatternExpression? Expression) Translate(ReadOnlySpan<byte> pattern)
    {
        var expression = new List<int>();
        var form = Form.Exact;
        for (var first = true; !pattern.IsEmpty; first = false)
        {
            var character = PatternExpression.Take(ref pattern);
            switch (character)
            {
                case '*' when pattern is [(byte)'*', ..]:
                    pattern = pattern is [_, (byte)'/', ..] ? pattern[2..] : pattern[1..];
                    if (!pattern.IsEmpty)
                    {
                        expression.Add(PatternExpression.Directories);
                        form = Form.Expression;
                    }
                    else if (form == Form.Exact)
                    {
                        form = Form.Prefix;
                    }
                    else
                    {
                        expression.Add(PatternExpression.Everything);
                        form = Form.Expression;
                    }

                    form = first ? Form.Suffix : form;
                    break;

                case '*':
                    expression.AddRange(['[', '^', '/', ']', '*']);
                    form = Form.Expression;
                    break;

                case '?':
                    expression.AddRange(['[', '^', '/', ']']);
                    form = Form.Expression;
                    break;

                case '\\' when !pattern.IsEmpty:
                    expression.AddRange(['\\', PatternExpression.Take(ref pattern)]);
                    form = Form.Expression;
                    break;

                default:
                    expression.Add(character);
                    form = character is '[' or ']' ? Form.Expression : form;
                    break;
            }
        }

        return (form, form == Form.Expression ? new PatternExpression(CollectionsMarshal.AsSpan(expression)) : null);
    }
}
