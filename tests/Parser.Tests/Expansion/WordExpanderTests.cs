using Kleene.Build.Parser.Expansion;

namespace Kleene.Build.Parser.Tests.Expansion;

public sealed class WordExpanderTests
{
    private static readonly Given.Variables Variables = new(
        "A=alpha", "EMPTY=", "SP=two  words", "PATHS=/usr/local/bin:/usr/bin", "FILE=archive.tar.gz", "STAR=a*b?c", "Ünï=uni", "_u=under", "N=5");

    [Theory]
    // Names.
    [InlineData("", "")]
    [InlineData("plain", "plain")]
    [InlineData("$A", "alpha")]
    [InlineData("${A}", "alpha")]
    [InlineData("x$A/y", "xalpha/y")]
    [InlineData("$Ax", "")]
    [InlineData("${A}x", "alphax")]
    [InlineData("$A$A", "alphaalpha")]
    [InlineData("$_u.$N-", "under.5-")]
    [InlineData("$Ünï", "uni")]
    [InlineData("$UNSET|", "|")]
    // Positional and special parameters are unset; a dollar before anything else is itself.
    [InlineData("$1x", "x")]
    [InlineData("$12x", "x")]
    [InlineData("$@|$*|$#|$?|$-|$$|$!|$0|", "||||||||")]
    [InlineData("$", "$")]
    [InlineData("$ x", "$ x")]
    [InlineData("a$.b", "a$.b")]
    [InlineData("$/$,", "$/$,")]
    // Quotes and escapes.
    [InlineData("'$A'", "$A")]
    [InlineData("'a\\b'", "a\\b")]
    [InlineData("\"$A\"", "alpha")]
    [InlineData("\"'$A'\"", "'alpha'")]
    [InlineData("'\"'", "\"")]
    [InlineData("\"\\\"\\$A\\\\\"", "\"$A\\")]
    [InlineData("\"\\n\\x\"", "\\n\\x")]
    [InlineData("\\$A", "$A")]
    [InlineData("\\\\$A", "\\alpha")]
    [InlineData("a\\ b\\'c", "a b'c")]
    [InlineData("\\n", "n")]
    [InlineData("end\\", "end")]
    [InlineData("\"\"''", "")]
    [InlineData("a\"b\"'c'd", "abcd")]
    // Alternatives.
    [InlineData("${A:-w}", "alpha")]
    [InlineData("${UNSET:-w}", "w")]
    [InlineData("${EMPTY:-w}", "w")]
    [InlineData("${A-w}", "alpha")]
    [InlineData("${UNSET-w}", "w")]
    [InlineData("${EMPTY-w}", "")]
    [InlineData("${A:+w}", "w")]
    [InlineData("${UNSET:+w}", "")]
    [InlineData("${EMPTY:+w}", "")]
    [InlineData("${A+w}", "w")]
    [InlineData("${UNSET+w}", "")]
    [InlineData("${EMPTY+w}", "w")]
    [InlineData("${A:?w}", "alpha")]
    [InlineData("${A?w}", "alpha")]
    [InlineData("${EMPTY?w}", "")]
    [InlineData("${UNSET:-}", "")]
    [InlineData("${UNSET:-$A}", "alpha")]
    [InlineData("${UNSET:-${EMPTY:-${A}!}}", "alpha!")]
    [InlineData("${UNSET:-\"a}b\"}", "a}b")]
    [InlineData("${UNSET:-a\\}b}", "a}b")]
    [InlineData("${UNSET:-'$A'}", "$A")]
    [InlineData("${UNSET:-two words}", "two words")]
    [InlineData("\"${UNSET:-a'b}\"", null)]
    // Trimming.
    [InlineData("${FILE#*.}", "tar.gz")]
    [InlineData("${FILE##*.}", "gz")]
    [InlineData("${FILE%.*}", "archive.tar")]
    [InlineData("${FILE%%.*}", "archive")]
    [InlineData("${FILE#arch}", "ive.tar.gz")]
    [InlineData("${FILE#nope}", "archive.tar.gz")]
    [InlineData("${FILE%gz}", "archive.tar.")]
    [InlineData("${FILE#?rc}", "hive.tar.gz")]
    [InlineData("${FILE##*}", "")]
    [InlineData("${FILE%%*}", "")]
    [InlineData("${FILE#}", "archive.tar.gz")]
    [InlineData("${STAR#a\\*}", "b?c")]
    [InlineData("${STAR%\\?c}", "a*b")]
    [InlineData("${STAR%\\*c}", "a*b?c")]
    [InlineData("${A#[a]}", "alpha")]
    [InlineData("${PATHS%%:*}", "/usr/local/bin")]
    [InlineData("${UNSET#x}", "")]
    [InlineData("${A#${A%pha}}", "pha")]
    // Replacing.
    [InlineData("${A/a/b}", "blpha")]
    [InlineData("${A//a/b}", "blphb")]
    [InlineData("${A/l*/x}", "ax")]
    [InlineData("${A/?/x}", "xlpha")]
    [InlineData("${A//?/x}", "xxxxx")]
    [InlineData("${A/pha/}", "al")]
    [InlineData("${A/z/x}", "alpha")]
    [InlineData("${PATHS//\\//|}", "|usr|local|bin:|usr|bin")]
    [InlineData("${STAR/\\*/-}", "a-b?c")]
    [InlineData("${A/al/$N}", "5pha")]
    [InlineData("${A//*/x}", "x")]
    [InlineData("${UNSET/a/b}", "")]
    [InlineData("${A///x}", "xaxlxpxhxax")]
    [InlineData("${A/*/x}", "x")]
    [InlineData("${A//a*/x}", "x")]
    [InlineData("${EMPTY/*/x}|${EMPTY//*/x}|${EMPTY/a/x}", "x|x|")]
    [InlineData("${A/a/\\}}", "\\}lpha")]
    [InlineData("${A/al/$'x'}", "$xpha")]
    [InlineData("${A/al/'$N'\"$N\"}", "$N5pha")]
    public void A_word_expands_as_the_shell_would(string word, string? expected)
    {
        var expanded = WordExpander.Expand(word, Variables);

        Assert.Equal(expected, expanded.Error is null ? expanded.Value : null);
    }

    [Theory]
    [InlineData("${}", "'${}' names no variable")]
    [InlineData("${:x}", "'${:x}' names no variable")]
    [InlineData("${{A}}", "'${{A}' names no variable")]
    [InlineData("${", "'${' has no closing '}'")]
    [InlineData("a${A", "'${A' has no closing '}'")]
    [InlineData("${A:", "'${A:' has no closing '}'")]
    [InlineData("${A:-x", "'${A:-x' is not closed: '}' is missing")]
    [InlineData("${A:-${B}", "'${A:-${B}' is not closed: '}' is missing")]
    [InlineData("${A#x", "'${A#x' is not closed: '}' is missing")]
    [InlineData("${A/x}", "'${A/x}' is not closed: '/' is missing")]
    [InlineData("${A/x/y", "'${A/x/y' is not closed: '}' is missing")]
    [InlineData("${A:#x}", "the modifier ':#' is not supported in a substitution")]
    [InlineData("${A:%x}", "the modifier ':%' is not supported in a substitution")]
    [InlineData("${A:x}", "the modifier ':x' is not supported in a substitution")]
    [InlineData("${A^}", "the modifier '^' is not supported in a substitution")]
    [InlineData("${A x}", "the modifier ' ' is not supported in a substitution")]
    [InlineData("${A#\\x}", "'\\x' is not an escape in the pattern '\\x'")]
    [InlineData("${A#x\\", "'${A#x\\' is not closed: '}' is missing")]
    [InlineData("'abc", "the single quote is not closed")]
    [InlineData("\"abc", "the double quote is not closed")]
    [InlineData("\"abc\\\"", "the double quote is not closed")]
    [InlineData("\"${A\"", "the modifier '\"' is not supported in a substitution")]
    [InlineData("${UNSET:?}", "UNSET: is not allowed to be unset")]
    [InlineData("${UNSET?}", "UNSET: is not allowed to be unset")]
    [InlineData("${EMPTY:?}", "EMPTY: is not allowed to be empty")]
    [InlineData("${UNSET:?set $A please}", "UNSET: set alpha please")]
    public void A_word_that_cannot_be_expanded_says_why(string word, string message)
    {
        var expanded = WordExpander.Expand(word, Variables);

        Assert.Equal(message, expanded.Error?.Message);
    }

    [Theory]
    [InlineData("$SP", "two|words")]
    [InlineData("\"$SP\"", "two  words")]
    [InlineData("a$SP-b c", "atwo|words-b|c")]
    [InlineData("a\\ b 'c d'", "a b|c d")]
    [InlineData("  x  ", "x")]
    [InlineData("$UNSET", "")]
    [InlineData("\"\"", "")]
    public void Blanks_split_a_word_unless_they_are_quoted(string word, string expected)
    {
        var expanded = WordExpander.Expand(word, Variables);

        Assert.Equal(expected, string.Join('|', expanded.Words));
    }

    [Theory]
    [InlineData("`$A\\x", "$A\\x")]
    [InlineData("\"`\"\\\"", "\"\\")]
    [InlineData("c:\\$A", "c:\\alpha")]
    [InlineData("end`", "end")]
    public void The_escape_character_is_the_one_of_the_directive(string word, string expected)
    {
        var expanded = WordExpander.Expand(word, Variables, escape: '`');

        Assert.Null(expanded.Error);
        Assert.Equal(expected, expanded.Value);
    }

    [Theory]
    [InlineData("x${NOPE}y$A", "NOPE@1+7")]
    [InlineData("$NOPE \"$OTHER\"", "NOPE@0+5 OTHER@7+6")]
    [InlineData("${NOPE:-x}${NOPE-x}${NOPE:+x}${NOPE+x}", "")]
    [InlineData("${NOPE:-$OTHER}", "OTHER@8+6")]
    [InlineData("$1$@${EMPTY}'$NOPE'\\$NOPE", "")]
    public void A_plain_use_of_an_unset_name_is_noted_with_its_place(string word, string expected)
    {
        var expanded = WordExpander.Expand(word, Variables);

        Assert.Equal(expected, string.Join(' ', expanded.Unset.Select(unset => $"{unset.Name}@{unset.Offset}+{unset.Length}")));
    }

    [Fact]
    public void A_value_that_grows_without_bound_is_refused()
    {
        var large = new Given.Variables("L=" + new string('x', 600_000));

        var expanded = WordExpander.Expand("$L$L", large);

        Assert.Equal("the value grows beyond 1048576 characters", expanded.Error?.Message);
    }

    [Fact]
    public void Substitutions_nested_too_deeply_are_refused()
    {
        var word = string.Concat(Enumerable.Repeat("${U:-", 5000)) + string.Concat(Enumerable.Repeat("}", 5000));

        var expanded = WordExpander.Expand(word, Variables);

        Assert.Equal("substitutions are nested too deeply", expanded.Error?.Message);
    }
}
