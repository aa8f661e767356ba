using System.Collections.Immutable;
using Kleene.Build.Parser.Syntax;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Linting.Shell;

/// <summary>A word of a script.</summary>
/// <param name="Text">Without its quotes; substitutions stay as they are written.</param>
/// <param name="Script">What it is a part of.</param>
/// <param name="Start">Where it begins there.</param>
/// <param name="Length">How much of it it takes, quotes included.</param>
/// <param name="IsLiteral">Whether a shell would make nothing else of it.</param>
internal readonly record struct ShellArgument(string Text, Word Script, int Start, int Length, bool IsLiteral)
{
    public TextSpan Span => Script.SpanOf(Start, Length);

    public bool IsOption => Text is ['-', not '\0', ..];
}

/// <summary>One program that a script calls.</summary>
/// <param name="Words">The program and its arguments, without what stands before a program: assignments, <c>sudo</c>, <c>if</c>.</param>
/// <param name="Outputs">The files that it is redirected into.</param>
internal sealed record ShellCommand(ImmutableArray<ShellArgument> Words, ImmutableArray<ShellArgument> Outputs)
{
    /// <summary>The program without its directory; empty where there is only a redirection.</summary>
    public string Program { get; } = Words.IsEmpty ? "" : Words[0].Text[(Words[0].Text.LastIndexOf('/') + 1)..];

    /// <summary>The arguments that are no options.</summary>
    public IEnumerable<ShellArgument> Operands => Words.Skip(1).Where(word => !word.IsOption);

    /// <summary>The first argument that is no option: <c>install</c> of <c>apt-get -y install</c>.</summary>
    public string Verb => Operands.FirstOrDefault().Text ?? "";

    public bool HasOption(params ReadOnlySpan<string> names)
    {
        foreach (var word in Words)
        {
            if (names.Contains(word.Text))
            {
                return true;
            }
        }

        return false;
    }

    public TextSpan Span => Words[0].Script.SpanOf(Words[0].Start, Words[^1].Start + Words[^1].Length - Words[0].Start);
}
