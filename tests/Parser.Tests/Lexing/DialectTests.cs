using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Lexing;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Tests.Lexing;

public sealed class DialectTests
{
    [Theory]
    [InlineData("FROM a", nameof(Dialect.Docker))]
    [InlineData("# syntax=kleene\nFROM a", nameof(Dialect.Kleene))]
    [InlineData("#SYNTAX = Kleene \r\nFROM a", nameof(Dialect.Kleene))]
    [InlineData("# syntax=kleene:1\nFROM a", nameof(Dialect.Kleene))]
    [InlineData("\uFEFF# check=skip=all\n# syntax=kleene\nFROM a", nameof(Dialect.Kleene))]
    [InlineData("# syntax=docker/dockerfile:1\nFROM a", nameof(Dialect.Foreign))]
    [InlineData("# syntax=kleenex\nFROM a", nameof(Dialect.Foreign))]
    [InlineData("# syntax=example.org:5000/kleene\nFROM a", nameof(Dialect.Foreign))]
    [InlineData("# an ordinary comment\n# syntax=kleene\nFROM a", nameof(Dialect.Docker))]
    [InlineData("FROM a\n# syntax=kleene", nameof(Dialect.Docker))]
    public void The_syntax_directive_names_the_dialect(string text, string dialect)
    {
        var file = LineLexer.Lex(new SourceText("Kleenefile", text), new DiagnosticBag());

        Assert.Equal(Enum.Parse<Dialect>(dialect), file.Notation.Dialect);
    }

    [Theory]
    [InlineData(nameof(Dialect.Docker), true)]
    [InlineData(nameof(Dialect.Kleene), true)]
    [InlineData(nameof(Dialect.Foreign), false)]
    public void Only_a_foreign_language_goes_without_our_additions(string dialect, bool has) =>
        Assert.Equal(has, Enum.Parse<Dialect>(dialect).HasAdditions());
}
