using System.Collections.Immutable;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Contexts;

/// <summary>
/// The rules that keep files out of a build context: the last one that matches a path or a directory above it decides.
/// Read as moby reads a .dockerignore.
/// </summary>
public sealed class IgnoreFile
{
    private static readonly byte[] ByteOrderMark = [0xef, 0xbb, 0xbf];

    private IgnoreFile(ImmutableArray<IgnoreRule> rules) => Rules = rules;

    /// <summary>No rules: nothing is ignored.</summary>
    public static IgnoreFile Empty { get; } = new([]);

    public ImmutableArray<IgnoreRule> Rules { get; }

    /// <param name="name">The file's name for messages.</param>
    /// <exception cref="KleeneException">A pattern is not valid.</exception>
    public static IgnoreFile Parse(string name, ReadOnlySpan<byte> content)
    {
        if (content.StartsWith(ByteOrderMark))
        {
            content = content[ByteOrderMark.Length..];
        }

        var rules = ImmutableArray.CreateBuilder<IgnoreRule>();
        var number = 0;
        foreach (var range in content.Split((byte)'\n'))
        {
            number++;
            if (ParseLine(name, number, content[range]) is { } rule)
            {
                rules.Add(rule);
            }
        }

        return rules.Count == 0 ? Empty : new IgnoreFile(rules.ToImmutable());
    }

    /// <summary>Rules that are given one by one, where no line is a comment.</summary>
    /// <param name="name">Where they are from, for messages.</param>
    /// <exception cref="KleeneException">A pattern is not valid.</exception>
    public static IgnoreFile Of(string name, IEnumerable<string> patterns)
    {
        ImmutableArray<IgnoreRule> rules = [.. patterns.Select((pattern, i) => ParsePattern(name, i + 1, pattern)).OfType<IgnoreRule>()];
        return rules.IsEmpty ? Empty : new IgnoreFile(rules);
    }

    /// <param name="path">Relative to the context, without leading slash; the context itself is never ignored.</param>
    public IgnoreDecision Decide(UnixPath path)
    {
        for (var i = Rules.Length - 1; i >= 0; i--)
        {
            if (MatchesOrParentDoes(Rules[i].Pattern, path.Bytes))
            {
                return new IgnoreDecision(Rules[i]);
            }
        }

        return default;
    }

    /// <summary>What a walk needs to know in a directory; null when nothing is ignored anywhere.</summary>
    public ITreeFilter? FilterAt(UnixPath directory) => Rules.IsEmpty ? null : new IgnoreScope(this, directory);

    private static IgnoreRule? ParseLine(string name, int number, ReadOnlySpan<byte> line)
    {
        if (line is [(byte)'#', ..] || line.Contains((byte)0))
        {
            return line is [(byte)'#', ..] ? null : throw new KleeneException($"{name}:{number}: a pattern cannot hold a NUL byte");
        }

        return ParsePattern(name, number, UnixPath.FromBytes(line).ToString());
    }

    private static IgnoreRule? ParsePattern(string name, int number, string line)
    {
        var text = line.Trim();
        if (text.Length == 0)
        {
            return null;
        }

        var isException = text[0] == '!';
        var pattern = isException ? text[1..].Trim() : text;
        if (pattern.Length > 0)
        {
            pattern = CleanPath.Clean(pattern);
            pattern = pattern.Length > 1 && pattern[0] == '/' ? pattern[1..] : pattern;
        }

        // Cleaned once more with its mark, as moby does: "!/" is a lone mark too.
        if (isException && CleanPath.Clean("!" + pattern) == "!")
        {
            throw new KleeneException($"{name}:{number}: '{text}' takes nothing back; write a pattern behind the '!'");
        }

        var bytes = UnixPath.FromText(pattern);
        if (!PathPattern.IsValid(bytes.Bytes))
        {
            throw new KleeneException($"{name}:{number}: '{text}' is not a pattern; close its '[' or write '\\' before what stands for itself");
        }

        return new IgnoreRule(name, number, text, isException, new IgnorePattern(bytes.Bytes));
    }

    private static bool MatchesOrParentDoes(IgnorePattern pattern, ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty)
        {
            return false;
        }

        if (pattern.Matches(path))
        {
            return true;
        }

        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] == '/' && pattern.Matches(path[..i]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The rules as seen from one directory: those that match it match everything below.</summary>
    private sealed class IgnoreScope : ITreeFilter
    {
        private const int LongestOnStack = 1024;

        private readonly IgnoreFile file;
        private readonly UnixPath directory;
        private readonly bool[] settled;

        public IgnoreScope(IgnoreFile file, UnixPath directory)
        {
            this.file = file;
            this.directory = directory;
            settled = [.. file.Rules.Select(rule => MatchesOrParentDoes(rule.Pattern, directory.Bytes))];
        }

        private IgnoreScope(IgnoreScope parent, UnixPath directory)
        {
            file = parent.file;
            this.directory = directory;
            settled = [.. file.Rules.Select((rule, i) => parent.settled[i] || rule.Pattern.Matches(directory.Bytes))];
        }

        public TreeVerdict Judge(ReadOnlySpan<byte> name, bool isDirectory)
        {
            var prefix = directory.Bytes;
            var length = prefix.IsEmpty ? name.Length : prefix.Length + 1 + name.Length;
            var path = length <= LongestOnStack ? stackalloc byte[length] : new byte[length];
            prefix.CopyTo(path);
            if (!prefix.IsEmpty)
            {
                path[prefix.Length] = (byte)'/';
            }

            name.CopyTo(path[(length - name.Length)..]);

            var rules = file.Rules;
            var exceptionBelow = false;
            for (var i = rules.Length - 1; i >= 0; i--)
            {
                if (settled[i] || rules[i].Pattern.Matches(path))
                {
                    return rules[i].IsException ? TreeVerdict.Include
                        : isDirectory && exceptionBelow ? TreeVerdict.Descend
                        : TreeVerdict.Exclude;
                }

                exceptionBelow |= isDirectory && !exceptionBelow && rules[i].IsException && rules[i].Pattern.MayMatchBelow(path);
            }

            return TreeVerdict.Include;
        }

        public ITreeFilter Enter(ReadOnlySpan<byte> name) => new IgnoreScope(this, directory.Append(name));
    }
}
