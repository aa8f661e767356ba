using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Syntax.Grammar;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Syntax.Kleene;

/// <summary>
/// Reads the eight instructions that Kleene has as Kleene itself does, where a file asks for that by <c># syntax=kleene</c>: one
/// blank ends the keyword and the rest is the argument, blanks and all. What Kleene cannot read is read as Docker does.
/// </summary>
internal static class KleeneReader
{
    public static FromSyntax? From(InstructionHead head, DiagnosticBag diagnostics)
    {
        const string separator = " AS ";
        var rest = Rest(head);
        var at = rest.Text.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0)
        {
            WarnOfFlag(head, rest, diagnostics);
            if (rest.Text.IndexOf(separator, StringComparison.OrdinalIgnoreCase) is >= 0 and var lower)
            {
                Warn(diagnostics, rest.Slice(lower, lower + separator.Length), "'as' in lower case is a part of the image's name here; write AS");
            }

            return new FromSyntax(head, rest with { Reading = WordReading.Echoed }, Name: null);
        }

        var name = Trimmed(rest.Slice(at + separator.Length, rest.Text.Length));
        if (name.Length == 0 || name.Text.Contains(separator, StringComparison.Ordinal))
        {
            head.ReportMalformed(diagnostics, head.TextSpan, name.Length == 0 ? "has no name after AS" : "has AS twice");
            return null;
        }

        return new FromSyntax(head, rest.Slice(0, at) with { Reading = WordReading.Echoed }, name);
    }

    public static UserSyntax? User(InstructionHead head, DiagnosticBag diagnostics) =>
        UserSyntax.Read(head, diagnostics) is { } user ? user with { Name = user.Name with { Reading = WordReading.Echoed } } : null;

    public static WorkdirSyntax? Workdir(InstructionHead head, DiagnosticBag diagnostics) =>
        Rest(head) is { Length: > 0 } path ? new WorkdirSyntax(head, path) : WorkdirSyntax.Read(head, diagnostics);

    /// <summary>One variable; the value goes on to the end of the line, and the quotes around it go.</summary>
    public static EnvSyntax? Env(InstructionHead head, DiagnosticBag diagnostics) =>
        Pair(Rest(head)) is { Value: not null } pair
            ? new EnvSyntax(head, [pair with { Value = pair.Value.Value with { Reading = WordReading.Echoed } }], IsLegacy: false)
            : EnvSyntax.Read(head, diagnostics);

    /// <summary>One variable; without a value it has the empty one, and nothing is replaced in a value.</summary>
    public static ArgSyntax? Arg(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (Pair(Trimmed(Rest(head))) is not { } pair)
        {
            return ArgSyntax.Read(head, diagnostics);
        }

        var value = pair.Value ?? pair.Name.Slice(pair.Name.Length, pair.Name.Length);
        return new ArgSyntax(head, [pair with { Value = value with { Reading = WordReading.Literal } }]);
    }

    public static RunSyntax? Run(InstructionHead head, DiagnosticBag diagnostics) =>
        head.Line.Heredocs.IsEmpty
            ? new RunSyntax(head, Command(head, diagnostics))
            : RunSyntax.Read(head, diagnostics);

    public static CmdSyntax? Cmd(InstructionHead head, DiagnosticBag diagnostics) => new(head, Command(head, diagnostics));

    /// <summary>Every single blank separates, quotes mean nothing, and what looks like a flag is a file.</summary>
    public static CopySyntax? Copy(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (!head.Line.Heredocs.IsEmpty)
        {
            return CopySyntax.Read(head, diagnostics);
        }

        var rest = Rest(head);
        WarnOfFlag(head, rest, diagnostics);
        var words = ArgumentGrammar.Array(head) is { } elements ? [.. elements.Select(element => element.Word)] : Split(rest);
        if (words.Length < 2)
        {
            // Kleene reads it and fails when it comes to copying.
            head.ReportMalformed(diagnostics, head.TextSpan, "has no destination");
        }

        return words is [.. var sources, var destination] ? new CopySyntax(head, [.. sources], destination, []) { IsKleenes = true } : null;
    }

    private static CommandSyntax Command(InstructionHead head, DiagnosticBag diagnostics)
    {
        if (ArgumentGrammar.Array(head) is { } elements)
        {
            return new CommandSyntax.Exec([.. elements.Select(element => element.Word)]);
        }

        var rest = Rest(head);
        WarnOfFlag(head, rest, diagnostics);
        return new CommandSyntax.Shell(rest);
    }

    private static PairSyntax? Pair(Word text)
    {
        var equals = text.Text.IndexOf('=');
        var name = equals < 0 ? text : text.Slice(0, equals);
        if (!IsName(name.Text))
        {
            return null;
        }

        return new PairSyntax(name, equals < 0 ? null : Unquoted(text.Slice(equals + 1, text.Text.Length)));
    }

    private static bool IsName(string text) =>
        text.Length > 0 && !char.IsAsciiDigit(text[0]) && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_');

    /// <summary>Without all the double quotes that stand at its ends, however many there are.</summary>
    private static Word Unquoted(Word value)
    {
        var start = value.Text.Length - value.Text.AsSpan().TrimStart('"').Length;
        return value.Slice(start, Math.Max(start, value.Text.AsSpan().TrimEnd('"').Length));
    }

    private static ImmutableArray<Word> Split(Word text)
    {
        var words = ImmutableArray.CreateBuilder<Word>();
        var start = 0;
        for (var at = 0; at <= text.Text.Length; at++)
        {
            if (at == text.Text.Length || text.Text[at] == ' ')
            {
                words.Add(text.Slice(start, at) with { Reading = WordReading.Echoed });
                start = at + 1;
            }
        }

        return words.ToImmutable();
    }

    private static Word Trimmed(Word word)
    {
        var start = word.Text.Length - word.Text.AsSpan().TrimStart().Length;
        return word.Slice(start, Math.Max(start, word.Text.AsSpan().TrimEnd().Length));
    }

    /// <summary>Everything after the blank that ends the keyword.</summary>
    private static Word Rest(InstructionHead head)
    {
        var text = head.Line.Text;
        return new Word(text[head.ArgumentsStart..], head.Line, head.ArgumentsStart, text.Length - head.ArgumentsStart);
    }

    private static void WarnOfFlag(InstructionHead head, Word rest, DiagnosticBag diagnostics)
    {
        if (rest.Text.StartsWith("--", StringComparison.Ordinal))
        {
            Warn(diagnostics, rest.Slice(0, 2), $"{head.Name} has no flags here, so this is no flag; leave out '# syntax=kleene' to use flags");
        }
    }

    private static void Warn(DiagnosticBag diagnostics, Word word, string message) => diagnostics.Report(Rules.KleeneReading, word.Span, message);
}
