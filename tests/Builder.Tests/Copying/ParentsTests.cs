using Kleene.Build.Builder.Copying;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Builder.Tests.Copying;

/// <summary><c>COPY --parents</c> and <c>--if-exists</c>.</summary>
public sealed class ParentsTests : IDisposable
{
    private static readonly SourceLookup Parents = new(KeepsParents: true, MayBeMissing: false);
    private static readonly SourceLookup IfExists = new(KeepsParents: false, MayBeMissing: true);

    private readonly CopySpace space = new();

    public void Dispose() => space.Dispose();

    [Theory]
    [InlineData("a/b/c/foo", "a a/b a/b/c a/b/c/foo")]
    [InlineData("a/b/c", "a a/b a/b/c a/b/c/e a/b/c/e/bay a/b/c/foo")]
    [InlineData("a/b/./c", "c c/e c/e/bay c/foo")]
    [InlineData("a/./b/././c/foo", "b b/c b/c/foo")]
    [InlineData("a/./*/c/foo", "b b/c b/c/foo b2 b2/c b2/c/foo")]
    [InlineData("a/b*/./c/**/bay", "c c/e c/e/bay")]
    [InlineData("**/foo", "a a/b a/b/c a/b/c/foo a/b2 a/b2/c a/b2/c/foo")]
    [InlineData("a/b2/**", "a a/b2 a/b2/c a/b2/c/foo a/b2/c/two_words")]
    [InlineData("*", "a a/b a/b/c a/b/c/e a/b/c/e/bay a/b/c/foo a/b2 a/b2/c a/b2/c/foo a/b2/c/two_words to")]
    [InlineData("a/b/././.", "c c/e c/e/bay c/foo")]
    [InlineData("a/nothing*", "")]
    [InlineData("to/foo*", "")]
    public void A_source_keeps_the_directories_behind_its_pivot(string source, string copied)
    {
        Tree();

        space.Copy("/out/", [source], lookup: Parents);

        Assert.Equal($"out {copied}".Trim(), space.Image("%P").Replace("out/", "", StringComparison.Ordinal).Replace(' ', '_').ReplaceLineEndings(" "));
    }

    [Fact]
    public void Several_sources_meet_in_one_tree()
    {
        Tree();

        space.Copy("/out/", ["a/b*/./c/foo", "a/./b2/c/two words", "to"], lookup: Parents);

        Assert.Equal("out\nout/b2\nout/b2/c\nout/b2/c/two words\nout/c\nout/c/foo\nout/to", space.Image());
    }

    [RootFact]
    public void Directories_on_the_way_are_as_in_the_source_and_get_the_owner_and_the_mode()
    {
        Tree();
        space.Shell("cd context; chmod 711 a; chmod 2750 a/b; chmod 700 a/b/c; chmod 640 a/b/c/foo");

        space.Copy("/plain/", ["a/b/c/foo"], lookup: Parents);
        space.Copy("/own/", ["a/b/c/foo"], new CopyManner { Owner = "7:8", Mode = ModeChange.TryParse("go=u") }, Parents);

        Assert.Equal(
            """
            own 755 7:8
            own/a 777 7:8
            own/a/b 2777 7:8
            own/a/b/c 777 7:8
            own/a/b/c/foo 666 7:8
            plain 755 0:0
            plain/a 711 0:0
            plain/a/b 2750 0:0
            plain/a/b/c 700 0:0
            plain/a/b/c/foo 640 0:0
            """,
            space.Image("%P %m %U:%G"));
    }

    [Fact]
    public void What_is_excluded_is_named_from_the_pivot()
    {
        Tree();

        space.Copy("/out/", ["a/./b/c", "a/./b2/c"], lookup: Parents, exclude: ["b/c/foo", "b2/**/t*"]);

        Assert.Equal("out out/b out/b/c out/b/c/e out/b/c/e/bay out/b2 out/b2/c out/b2/c/foo", space.Image().ReplaceLineEndings(" "));
    }

    [Fact]
    public void The_ignore_file_still_counts()
    {
        Tree();
        space.Write("context/.dockerignore", "**/foo\n");

        space.Copy("/out/", ["a/b2/**"], lookup: Parents);

        Assert.Equal("out\nout/a\nout/a/b2\nout/a/b2/c\nout/a/b2/c/two words", space.Image());
        Assert.StartsWith("'a/b/c/foo' is left out of the build context by '**/foo' (.dockerignore:1)", Error("a/b/c/foo"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a/b/c/fo", "a/b/c/foo")]
    [InlineData("a/./bb/foo", "a/b")]
    [InlineData("aa/./b*", "a")]
    public void A_name_without_wildcards_has_to_be_there(string source, string nearest)
    {
        Tree();

        Assert.EndsWith($"; did you mean '{nearest}'?", Error(source), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing", "a/b/c/foo", "foo")]
    [InlineData("a/b/c/foo", "missing/too", "foo")]
    [InlineData("a/b2/c/*", "no*ne", "foo two_words")]
    public void A_source_that_may_be_missing_is_passed_over(string one, string other, string copied)
    {
        Tree();

        space.Copy("/out/", [one, other], lookup: IfExists);

        Assert.Equal($"out {copied}", space.Image().Replace("out/", "", StringComparison.Ordinal).Replace(' ', '_').ReplaceLineEndings(" "));
    }

    [Fact]
    public void Nothing_happens_when_all_that_may_be_missing_is()
    {
        Tree();
        space.Write("context/.dockerignore", "a/b\n");

        space.Copy("/out/", ["missing", "a/b/c/foo"], lookup: IfExists);
        space.Copy("/out", ["nowhere/./a"], lookup: new SourceLookup(KeepsParents: true, MayBeMissing: true));

        Assert.Equal("", space.Image());
    }

    private void Tree() => space.Shell("""
        cd context; mkdir -p a/b/c/e a/b2/c; touch a/b/c/foo a/b/c/e/bay a/b2/c/foo 'a/b2/c/two words'; ln -s a/b/c to
        """);

    private string Error(string source) => Assert.Throws<KleeneException>(() => space.Copy("/out/", [source], lookup: Parents)).Message;
}
