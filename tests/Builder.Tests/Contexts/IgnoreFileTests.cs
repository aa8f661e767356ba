using System.Text;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;
using Xunit;

namespace Kleene.Build.Builder.Tests.Contexts;

public sealed class IgnoreFileTests
{
    [Theory]
    [InlineData("**", "file", true)]
    [InlineData("**", "dir/file", true)]
    [InlineData("**/", "file", true)]
    [InlineData("**/", "dir/file", true)]
    [InlineData("**/**", "dir/file", true)]
    [InlineData("dir/**", "dir/file", true)]
    [InlineData("dir/**", "dir", false)]
    [InlineData("dir/**", "dir/dir2/file", true)]
    [InlineData("dir/**", "directory/file", false)]
    [InlineData("**/dir", "dir", true)]
    [InlineData("**/dir", "dir/file", true)]
    [InlineData("**/dir", "dir2/dir/file", true)]
    [InlineData("**/dir", "xdir", false)]
    [InlineData("**/dir2/*", "dir/dir2/file", true)]
    [InlineData("**/dir2/*", "dir/dir2/dir2/file", true)]
    [InlineData("**/dir2/*", "dir2/file", true)]
    [InlineData("**file", "file", true)]
    [InlineData("**file", "dir/file", true)]
    [InlineData("**file", "dir/dir.file", true)]
    [InlineData("**/file", "dir/dir.file", false)]
    [InlineData("**/file*", "dir/dir/file.txt", true)]
    [InlineData("**/file*txt", "dir/file.txt", true)]
    [InlineData("**/file*.txt*", "dir/dir/file.txt", true)]
    [InlineData("**/**/*.txt", "dir/dir/file.txt", true)]
    [InlineData("**/**/*.txt2", "dir/dir/file.txt", false)]
    [InlineData("**/*.txt", "file.txt", true)]
    [InlineData("**/*.txt", "a\nb/file.txt", true)]
    [InlineData("a**/*.txt", "a/file.txt", true)]
    [InlineData("a**/*.txt", "a/dir/file.txt", true)]
    [InlineData("a**/*.txt", "a/dir/dir/file.txt", true)]
    [InlineData("a/*.txt", "a/dir/file.txt", false)]
    [InlineData("a/*.txt", "a/file.txt", true)]
    [InlineData("a/*.txt**", "a/file.txt", true)]
    [InlineData("a**b", "ab", true)]
    [InlineData("a**b", "ax/b", true)]
    [InlineData("a**b", "axb", false)]
    [InlineData("a[b-d]e", "ae", false)]
    [InlineData("a[b-d]e", "ace", true)]
    [InlineData("a[b-d]e", "aae", false)]
    [InlineData("a[^b-d]e", "aze", true)]
    [InlineData("a[^b-d]e", "abe", false)]
    [InlineData("[!a]", "!", true)]
    [InlineData(".*", ".foo", true)]
    [InlineData(".*", "foo", false)]
    [InlineData("abc.def", "abcdef", false)]
    [InlineData("abc.def", "abc.def", true)]
    [InlineData("abc.def", "abcZdef", false)]
    [InlineData("abc?def", "abcZdef", true)]
    [InlineData("abc?def", "abc/def", false)]
    [InlineData("abc?def", "abc☺def", true)]
    [InlineData("a\\\\", "a\\", true)]
    [InlineData("a\\*", "a*", true)]
    [InlineData("a\\*", "ab", false)]
    [InlineData("a\\b", "ab", true)]
    [InlineData("a+b(c)|{d}$", "a+b(c)|{d}$", true)]
    [InlineData("*+b(c)|{d}$", "a+b(c)|{d}$", true)]
    [InlineData("**/foo/bar", "foo/bar", true)]
    [InlineData("**/foo/bar", "dir/foo/bar", true)]
    [InlineData("**/foo/bar", "dir/dir2/foo/bar", true)]
    [InlineData("abc/**", "abc", false)]
    [InlineData("abc/**", "abc/def", true)]
    [InlineData("abc/**", "abc/def/ghi", true)]
    [InlineData("**/.foo", ".foo", true)]
    [InlineData("**/.foo", "bar.foo", false)]
    [InlineData("a(b)c/def", "a(b)c/def", true)]
    [InlineData("a(b)c/def", "a(b)c/other", false)]
    [InlineData("x.|)$(}+{y", "x.|)$(}+{y", true)]
    [InlineData("out/*+build.(x64)", "out/1.2.3-rc.4+build.(x64)", true)]
    [InlineData("**/**a**b", "x/a/ab", true)]
    public void A_pattern_matches_a_path(string pattern, string path, bool ignored) =>
        Assert.Equal(ignored, Parse(pattern).Decide(path).IsIgnored);

    [Theory]
    [InlineData("*\n!docs", "docs/a/b", false)]
    [InlineData("docs\n!docs/README.md", "docs/README.md", false)]
    [InlineData("docs\n!docs/README.md", "docs/other", true)]
    [InlineData("!docs/README.md\ndocs", "docs/README.md", true)]
    [InlineData("docs/*\n!docs/README.md\ndocs/README.md", "docs/README.md", true)]
    [InlineData("**\n!tools/web", "tools/web/foo", false)]
    [InlineData("**\n!tools/web\ntools/web/foo", "tools/web/foo", true)]
    [InlineData("**\n!out/app*.tgz", "out/app-2.tgz", false)]
    [InlineData("a/b\n!a", "a/b", false)]
    [InlineData("!a\na/b", "a/b", true)]
    [InlineData("*\n!*.go\n!*.txt", "main.go", false)]
    [InlineData("**/*.md\n!**/README.md", "deep/README.md", false)]
    public void The_last_rule_that_matches_decides(string rules, string path, bool ignored) =>
        Assert.Equal(ignored, Parse(rules).Decide(path).IsIgnored);

    [Theory]
    [InlineData("/file", "file", true)]
    [InlineData("//file", "file", true)]
    [InlineData("./dir/../file/", "file", true)]
    [InlineData("  file \t", "file", true)]
    [InlineData("file\r\n", "file", true)]
    [InlineData("\uFEFFfile", "file", true)]
    [InlineData("\uFEFF#file", "#file", false)]
    [InlineData("#file", "#file", false)]
    [InlineData(" #file", "#file", true)]
    [InlineData("! file\n", "file", false)]
    [InlineData("*\n!  /file", "file", false)]
    [InlineData("", "file", false)]
    [InlineData("/", "file", false)]
    [InlineData(".", "file", false)]
    [InlineData("../file", "file", false)]
    [InlineData("file with space", "file with space", true)]
    [InlineData("\\#file", "#file", true)]
    [InlineData("\\!file", "!file", true)]
    [InlineData("dir/", "dir/file", true)]
    [InlineData("dir/", "other/dir", false)]
    public void A_line_is_cleaned_before_it_is_a_pattern(string line, string path, bool ignored) =>
        Assert.Equal(ignored, Parse(line).Decide(path).IsIgnored);

    [Fact]
    public void The_context_itself_is_never_ignored() => Assert.False(Parse("**\n.\n*").Decide("").IsIgnored);

    [Theory]
    [InlineData("ok\n!", "test:2: '!' takes nothing back; write a pattern behind the '!'")]
    [InlineData("!/", "test:1: '!/' takes nothing back; write a pattern behind the '!'")]
    [InlineData("[a", "test:1: '[a' is not a pattern; close its '[' or write '\\' before what stands for itself")]
    [InlineData("a\\", "test:1: 'a\\' is not a pattern; close its '[' or write '\\' before what stands for itself")]
    public void A_line_that_makes_no_sense_is_named(string rules, string message) =>
        Assert.Equal(message, Assert.Throws<KleeneException>(() => Parse(rules)).Message);

    [Fact]
    public void A_decision_names_its_rule()
    {
        var decision = Parse("# comment\n\n  *.log  \n!keep.log\n").Decide("a.log");

        Assert.Equal(("test:3", "*.log", false), (decision.Rule!.Place, decision.Rule.Text, decision.Rule.IsException));
        Assert.True(Parse("*.log\n!keep.log").Decide("keep.log").Rule is { Line: 2, IsException: true });
        Assert.Null(Parse("*.log").Decide("other").Rule);
    }

    [Fact]
    public void A_pattern_with_many_stars_takes_no_time()
    {
        var ignore = Parse(string.Concat(Enumerable.Repeat("*a**/", 30)) + "b");

        Assert.False(ignore.Decide(string.Concat(Enumerable.Repeat("aaaaaaaa/", 100)) + "c").IsIgnored);
    }

    [Fact]
    public void A_name_that_is_not_utf8_is_matched_by_its_bytes()
    {
        var ignore = IgnoreFile.Parse("test", [(byte)'a', 0xff, (byte)'\n', (byte)'?', (byte)'.', (byte)'x']);

        Assert.True(ignore.Decide(UnixPath.FromBytes([(byte)'a', 0xff])).IsIgnored);
        Assert.False(ignore.Decide(UnixPath.FromBytes([(byte)'a', 0xfe])).IsIgnored);
        Assert.True(ignore.Decide(UnixPath.FromBytes([0xfe, (byte)'.', (byte)'x'])).IsIgnored);
    }

    /// <summary>The walk's answers, worked out from directory to directory, are those of the plain question for each path.</summary>
    [Fact]
    public void A_walk_sees_what_the_rules_say_and_never_turns_back_too_early()
    {
        var random = new Random(20261121);
        string[] names = ["a", "b", "ab", "c.x"];
        string[] parts = ["a", "b", "ab", "*", "**", "?", "a*", "*.x", "**b", "[ab]", "a**", "\\a", "c.x"];
        var paths = AllPaths(names, depth: 4).ToList();
        for (var round = 0; round < 3000; round++)
        {
            var rules = string.Join('\n', Enumerable.Range(0, random.Next(1, 5)).Select(_ =>
                (random.Next(2) == 0 ? "" : "!") + string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => parts[random.Next(parts.Length)]))));
            var ignore = Parse(rules);

            var walked = new HashSet<string>();
            Walk(ignore.FilterAt("")!, "", names, depth: 4, walked);

            foreach (var path in paths)
            {
                Assert.True(walked.Contains(path) != ignore.Decide(path).IsIgnored, $"'{path}' with\n{rules}");
            }
        }
    }

    private static IgnoreFile Parse(string rules) => IgnoreFile.Parse("test", Encoding.UTF8.GetBytes(rules));

    private static IEnumerable<string> AllPaths(string[] names, int depth) =>
        names.Concat(depth == 1 ? [] : AllPaths(names, depth - 1).SelectMany(rest => names.Select(name => name + "/" + rest)));

    private static void Walk(ITreeFilter filter, string directory, string[] names, int depth, HashSet<string> walked)
    {
        foreach (var name in names)
        {
            var path = directory.Length == 0 ? name : directory + "/" + name;
            var bytes = Encoding.UTF8.GetBytes(name);
            var verdict = filter.Judge(bytes, isDirectory: true);
            if (verdict == TreeVerdict.Include)
            {
                walked.Add(path);
            }

            if (verdict != TreeVerdict.Exclude && depth > 1)
            {
                Walk(filter.Enter(bytes)!, path, names, depth - 1, walked);
            }
        }
    }
}
