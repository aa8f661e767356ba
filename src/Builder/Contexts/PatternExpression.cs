using System.Buffers;
using System.Text;

namespace Kleene.Build.Builder.Contexts;

/// <summary>
/// The part of Go's regular expressions that ignore patterns turn into, anchored at both ends. Run as a set of states, so that no
/// pattern takes more than one pass over a path. Characters are numbers, so that ours can be told from theirs.
/// </summary>
internal sealed class PatternExpression
{
    /// <summary>Added to a byte that is not UTF-8: a character of its own.</summary>
    public const int RawByte = 0x110000;

    /// <summary>Go's <c>(.*/)?</c>.</summary>
    public const int Directories = 0x120000;

    /// <summary>Go's <c>.*</c>, the end of a line included.</summary>
    public const int Everything = 0x120001;

    private const int MostStatesOnStack = 256;

    private readonly List<Node> nodes = [];

    public PatternExpression(ReadOnlySpan<int> expression) => Parse(expression, nodes);

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

    /// <summary>A character, or a byte that is none as a number of its own.</summary>
    public static int Take(ref ReadOnlySpan<byte> text)
    {
        if (Rune.DecodeFromUtf8(text, out var rune, out var length) == OperationStatus.Done)
        {
            text = text[length..];
            return rune.Value;
        }

        var raw = text[0];
        text = text[1..];
        return RawByte + raw;
    }

    /// <summary>
    /// All places in the expression where the path read so far can have led. State 2i stands before node i, state 2i+1 is within
    /// a <see cref="NodeKind.Directories"/> that has begun.
    /// </summary>
    public bool Matches(ReadOnlySpan<byte> path)
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

    private static void Parse(ReadOnlySpan<int> expression, List<Node> nodes)
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
}
