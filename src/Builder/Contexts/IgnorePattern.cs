using System.Buffers;
using System.Text;

namespace Kleene.Build.Builder.Contexts;

/// <summary>
/// One pattern of an ignore file, matched as moby's patternmatcher does: it turns a pattern into a regular expression, and short
/// cuts of its own for plain text, <c>text/**</c> and <c>**text</c>. The same expression is built here, and run as a set of states, so that no pattern
/// takes more than one pass over a path.
/// </summary>
internal sealed class IgnorePattern
{
    private const int MostStatesOnStack = 256;

    private readonly byte[] text;
    private readonly Form form;
    private readonly List<Node> nodes = [];

    /// <param name="text">Cleaned, without <c>!</c>, and valid by <see cref="PathPattern.IsValid"/>.</param>
    public IgnorePattern(ReadOnlySpan<byte> text)
    {
        this.text = text.ToArray();
        form = Translate(this.text, nodes);
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

    private enum NodeKind
    {
        Literal,

        /// <summary>Any character but the slash.</summary>
        Any,

        /// <summary>Any characters.</summary>
        Everything,

        /// <summary>Nothing, or anything that ends in a slash.</summary>
        Directories,
        Class,
    }

    /// <summary>Whether the pattern matches this very path; what is below it is the caller's business.</summary>
    public bool Matches(ReadOnlySpan<byte> path) => form switch
    {
        Form.Exact => path.SequenceEqual(text),
        Form.Prefix => path.StartsWith(text),

        // "**/foo" is "foo" too.
        Form.Suffix => path.EndsWith(text) || (text is [(byte)'/', ..] && path.SequenceEqual(text.AsSpan(1))),
        _ => Run(path),
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
    private static Form Translate(ReadOnlySpan<byte> pattern, List<Node> nodes)
    {
        var expression = new List<int>();
        var form = Form.Exact;
        for (var first = true; !pattern.IsEmpty; first = false)
        {
            var character = Take(ref pattern);
            switch (character)
            {
                case '*' when pattern is [(byte)'*', ..]:
                    pattern = pattern is [_, (byte)'/', ..] ? pattern[2..] : pattern[1..];
                    if (!pattern.IsEmpty)
                    {
                        expression.Add(Expression.Directories);
                        form = Form.Expression;
                    }
                    else if (form == Form.Exact)
                    {
                        form = Form.Prefix;
                    }
                    else
                    {
                        expression.Add(Expression.Everything);
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
                    expression.AddRange(['\\', Take(ref pattern)]);
                    form = Form.Expression;
                    break;

                default:
                    expression.Add(character);
                    form = character is '[' or ']' ? Form.Expression : form;
                    break;
            }
        }

        if (form == Form.Expression)
        {
            Expression.Parse(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(expression), nodes);
        }

        return form;
    }

    /// <summary>A character, or a byte that is none as a number of its own.</summary>
    private static int Take(ref ReadOnlySpan<byte> text)
    {
        if (Rune.DecodeFromUtf8(text, out var rune, out var length) == OperationStatus.Done)
        {
            text = text[length..];
            return rune.Value;
        }

        var raw = text[0];
        text = text[1..];
        return Expression.RawByte + raw;
    }

    /// <summary>
    /// All places in the expression where the path read so far can have led. State 2i stands before node i, state 2i+1 is within
    /// a <see cref="NodeKind.Directories"/> that has begun.
    /// </summary>
    private bool Run(ReadOnlySpan<byte> path)
    {
        var size = 2 * (nodes.Count + 1);
        Span<bool> states = size <= MostStatesOnStack ? stackalloc bool[size] : new bool[size];
        Span<bool> next = size <= MostStatesOnStack ? stackalloc bool[size] : new bool[size];
        states.Clear();
        states[0] = true;
        Skip(states);
        while (!path.IsEmpty)
        {
            var character = Take(ref path);
            next.Clear();
            var any = false;
            for (var i = 0; i < nodes.Count; i++)
            {
                if (states[2 * i] || states[(2 * i) + 1])
                {
                    any |= Step(i, character, next);
                }
            }

            if (!any)
            {
                return false;
            }

            Skip(next);
            var old = states;
            states = next;
            next = old;
        }

        return states[2 * nodes.Count];
    }

    private bool Step(int index, int character, Span<bool> next)
    {
        var node = nodes[index];
        if (node.Kind == NodeKind.Directories)
        {
            next[(2 * index) + 1] = true;
            next[2 * (index + 1)] |= character == '/';
            return true;
        }

        if (!node.Matches(character))
        {
            return false;
        }

        next[2 * (node.Repeats ? index : index + 1)] = true;
        return true;
    }

    private void Skip(Span<bool> states)
    {
        for (var i = 0; i < nodes.Count; i++)
        {
            states[2 * (i + 1)] |= states[2 * i] && (nodes[i].Repeats || nodes[i].Kind == NodeKind.Directories);
        }
    }

    private sealed record Node(NodeKind Kind, int Character = 0, bool Negated = false, List<(int Low, int High)>? Ranges = null)
    {
        public bool Repeats { get; init; }

        public bool Matches(int character) => Kind switch
        {
            NodeKind.Literal => character == Character,
            NodeKind.Any => character != '/',
            NodeKind.Everything => true,
            _ => Negated != Ranges!.Exists(range => range.Low <= character && character <= range.High), // A class has ranges.
        };
    }

    /// <summary>The part of Go's regular expressions that patterns turn into. Characters are numbers, so that ours can be told from theirs.</summary>
    private static class Expression
    {
        public const int RawByte = 0x110000;
        public const int Directories = 0x120000;
        public const int Everything = 0x120001;

        public static void Parse(ReadOnlySpan<int> expression, List<Node> nodes)
        {
            while (!expression.IsEmpty)
            {
                var character = expression[0];
                expression = expression[1..];
                var node = character switch
                {
                    Directories => new Node(NodeKind.Directories),
                    Everything => new Node(NodeKind.Everything) { Repeats = true },
                    '[' when TryClass(ref expression, out var set) => set,
                    '\\' => Escaped(ref expression),
                    _ => new Node(NodeKind.Literal, character),
                };
                if (expression is ['*', ..])
                {
                    expression = expression[1..];
                    node = node with { Repeats = true };
                }

                nodes.Add(node);
            }
        }

        private static Node Escaped(ref ReadOnlySpan<int> expression)
        {
            var character = expression[0];
            expression = expression[1..];
            return new Node(NodeKind.Literal, character);
        }

        private static bool TryClass(ref ReadOnlySpan<int> expression, out Node set)
        {
            var rest = expression;
            var ranges = new List<(int, int)>();
            var negated = rest is ['^', ..];
            rest = negated ? rest[1..] : rest;
            for (var first = true; !rest.IsEmpty; first = false)
            {
                if (rest[0] == ']' && !first)
                {
                    expression = rest[1..];
                    set = negated && ranges is [('/', '/')] ? new Node(NodeKind.Any) : new Node(NodeKind.Class, Negated: negated, Ranges: ranges);
                    return true;
                }

                var low = Bound(ref rest);
                var high = low;
                if (rest is ['-', not ']', ..])
                {
                    rest = rest[1..];
                    high = Bound(ref rest);
                }

                ranges.Add((low, high));
            }

            set = new Node(NodeKind.Literal, '[');
            return false;
        }

        private static int Bound(ref ReadOnlySpan<int> rest)
        {
            var length = rest is ['\\', _, ..] ? 2 : 1;
            var bound = rest[length - 1];
            rest = rest[length..];
            return bound;
        }
    }
}
