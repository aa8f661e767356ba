using Kleene.Build.Builder.Contexts;
using Kleene.Build.Runtime;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Builder.Tests.Contexts;

public sealed class BuildContextTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void The_first_ignore_file_that_is_there_is_the_one()
    {
        string[] inOrder = ["context/App.kleenefile.kleeneignore", "context/App.kleenefile.dockerignore", "context/.kleeneignore", "context/.dockerignore"];
        foreach (var name in inOrder.Reverse())
        {
            scratch.Write(name, Path.GetFileName(name) + "-pattern");

            using var context = Open("context/App.kleenefile");

            var rule = Assert.Single(context.Ignore.Rules);
            Assert.Equal((Path.GetFileName(name), Path.GetFileName(name) + "-pattern"), (rule.File, rule.Text));
        }
    }

    [Fact]
    public void The_ignore_file_of_a_kleenefile_outside_the_context_stands_beside_it()
    {
        scratch.Write("context/.dockerignore", "a");
        scratch.Write("elsewhere/Kleenefile.dockerignore", "b");

        using var context = Open("elsewhere/Kleenefile");

        Assert.Equal("Kleenefile.dockerignore:1", Assert.Single(context.Ignore.Rules).Place);
    }

    [Fact]
    public void An_empty_ignore_file_ignores_nothing_and_hides_the_next()
    {
        scratch.Write("context/.kleeneignore", "\n# nothing\n");
        scratch.Write("context/.dockerignore", "*");

        using var context = Open(kleenefile: null);

        Assert.Empty(context.Ignore.Rules);
    }

    [Fact]
    public void A_context_that_is_not_there_is_named()
    {
        scratch.Write("file", "");

        Assert.Equal(
            $"there is no build context '{scratch["missing"]}'; give the directory that holds the files to copy",
            Assert.Throws<KleeneException>(() => BuildContext.Open(scratch["missing"], null, null)).Message);
        Assert.Equal(
            $"the build context '{scratch["file"]}' is a file; give the directory it is in",
            Assert.Throws<KleeneException>(() => BuildContext.Open(scratch["file"], null, null)).Message);
    }

    [Fact]
    public void A_bad_pattern_is_reported_before_anything_is_read()
    {
        scratch.Write("context/.dockerignore", "ok\n[\n");

        var exception = Assert.Throws<KleeneException>(() => Open(kleenefile: null));

        Assert.StartsWith(".dockerignore:2: '[' is not a pattern", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_says_which_rule_decided()
    {
        scratch.Write("context/.kleeneignore", "node_modules\n*.log\n!keep.log\nout\n!out/site\n");
        foreach (var name in new[] { "node_modules/a/b", "x.log", "keep.log", "out/tmp", "out/site/index.html", "main.c" })
        {
            scratch.Write("context/" + name, "12345");
        }

        using var context = Open(kleenefile: null);

        Assert.Equal(
            [".kleeneignore", "keep.log", "main.c", "out/site", "out/site/index.html"],
            context.List(withIgnored: false).Select(entry => entry.Path.ToString()));
        Assert.Equal(
            [
                "+ .kleeneignore", "+ keep.log 3", "+ main.c", "- node_modules 1", "- out 4", "+ out/site 5", "+ out/site/index.html 5", "- out/tmp 4",
                "- x.log 2",
            ],
            context.List(withIgnored: true).Select(entry => $"{(entry.Decision.IsIgnored ? '-' : '+')} {entry.Path} {entry.Decision.Rule?.Line}".TrimEnd()));
    }

    private BuildContext Open(string? kleenefile)
    {
        scratch.MakeDirectory("context");
        return BuildContext.Open(scratch["context"], kleenefile is null ? null : scratch[kleenefile], cacheDirectory: null);
    }
}
