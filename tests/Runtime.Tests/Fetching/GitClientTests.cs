using Kleene.Build.Runtime.Fetching;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Servers;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Fetching;

public sealed class GitClientTests : IDisposable
{
    private readonly GitServer server = new();
    private readonly ScratchDirectory scratch = new();
    private readonly GitClient git = new(new ProcessRunner());

    public void Dispose()
    {
        server.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public async Task A_branch_a_tag_and_a_commit_lead_to_what_they_name()
    {
        var first = server.Commit("first");
        server.Shell("git tag v1; git tag -a v2 -m 'with words'; git branch v1/below");
        var second = server.Commit("second");
        server.Shell("git branch v2");

        Assert.Equal(second, await ResolveAsync(""));
        Assert.Equal(second, await ResolveAsync("main"));
        Assert.Equal(second, await ResolveAsync("refs/heads/main"));
        Assert.Equal(first, await ResolveAsync("v1"));
        Assert.Equal(second, await ResolveAsync("v2"));
        Assert.Equal(first, await ResolveAsync("refs/tags/v2"));
        Assert.Equal(first, await ResolveAsync(first));
    }

    [Fact]
    public async Task A_reference_that_is_not_there_is_an_error()
    {
        server.Commit();

        var exception = await Assert.ThrowsAsync<KleeneException>(() => ResolveAsync("mian"));

        Assert.Equal($"there is no branch, tag or commit 'mian' in '{server.Address}'; a commit is named by its whole id", exception.Message);
    }

    [Theory]
    [InlineData("--upload-pack=touch /tmp/x")]
    [InlineData("a:b")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    public async Task A_reference_that_git_could_misread_is_refused(string reference) =>
        Assert.Contains("is no address and reference that git takes", (await Assert.ThrowsAsync<KleeneException>(() => ResolveAsync(reference))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_repository_that_is_not_there_is_an_error()
    {
        var source = new GitSource { Remote = $"{server.Server}/nothing" };

        Assert.Equal(
            $"there is no git repository '{server.Server}/nothing'",
            (await Assert.ThrowsAsync<KleeneException>(() => git.ResolveAsync(source, CancellationToken.None))).Message);
    }

    [Fact]
    public async Task A_repository_of_this_machine_is_not_opened()
    {
        server.Commit();
        var source = new GitSource { Remote = $"file://{scratch.Path}" };

        Assert.Contains("transport 'file' not allowed", (await Assert.ThrowsAsync<ProcessFailedException>(() => git.ResolveAsync(source, CancellationToken.None))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checksum_is_the_beginning_of_the_commit()
    {
        var commit = server.Commit();

        Assert.Equal(commit, await ResolveAsync("main", checksum: commit[..7].ToUpperInvariant()));
        var exception = await Assert.ThrowsAsync<KleeneException>(() => ResolveAsync("main", checksum: "0000"));

        Assert.Equal($"'{server.Address}' is not the commit that --checksum asks for: it is {commit}, not 0000", exception.Message);
    }

    [Fact]
    public async Task Files_are_checked_out_with_plain_modes_and_the_time_of_the_commit()
    {
        server.Shell("""
            umask 077; mkdir -p 'd ir/deep'; echo x > 'd ir/deep/f'; echo y > run; chmod 700 run; ln -s 'd ir/deep/f' link; printf 'a\r\n' > crlf
            printf 'crlf text eol=lf\n*.id ident filter=evil\n' > .gitattributes; echo '$Id$' > a.id
            """);
        var commit = server.Commit();

        var tree = await CheckOutAsync(commit);

        Assert.Equal(
            """
            . d 755 2021-02-03 04:05:06
            ./.gitattributes f 644 2021-02-03 04:05:06
            ./a.id f 644 2021-02-03 04:05:06
            ./crlf f 644 2021-02-03 04:05:06
            ./d ir d 755 2021-02-03 04:05:06
            ./d ir/deep d 755 2021-02-03 04:05:06
            ./d ir/deep/f f 644 2021-02-03 04:05:06
            ./link l 777 2021-02-03 04:05:06
            ./run f 755 2021-02-03 04:05:06

            """,
            scratch.Shell($"cd '{tree}'; TZ=UTC find . -printf '%p %y %m %TY-%Tm-%Td %TH:%TM:%TS\n' | sed 's/\\.0*$//' | LC_ALL=C sort"));
    }

    [Fact]
    public async Task An_old_commit_and_a_directory_of_it_can_be_had()
    {
        server.Shell("mkdir -p a/b; echo old > a/b/f");
        var old = server.Commit();
        server.Shell("echo new > a/b/f");
        server.Commit();

        var tree = await CheckOutAsync(old, source => source with { Reference = old, Subdirectory = "a/b" });

        Assert.Equal("f: old\n", scratch.Shell($"cd '{tree}'; for f in *; do echo \"$f: $(cat $f)\"; done"));
    }

    [Theory]
    [InlineData("a/c")]
    [InlineData("link")]
    [InlineData("out")]
    public async Task A_directory_that_the_repository_does_not_have_is_an_error(string directory)
    {
        server.Shell("mkdir -p a/b; touch a/b/f; ln -s a link; ln -s / out");
        var commit = server.Commit();

        var exception = await Assert.ThrowsAsync<KleeneException>(() => CheckOutAsync(commit, source => source with { Subdirectory = directory }));

        Assert.Equal($"'{server.Address}' has no directory '{directory}' at 'HEAD'", exception.Message);
    }

    [Fact]
    public async Task The_git_directory_is_kept_where_that_is_asked_for_and_knows_the_commit()
    {
        var commit = server.Commit();

        var tree = await CheckOutAsync(commit, source => source with { KeepsHistory = true });

        Assert.Equal(commit, scratch.Shell($"cd '{tree}'; git -c safe.directory='*' rev-parse HEAD").Trim());
        Assert.Equal(server.Address, scratch.Shell($"cd '{tree}'; git -c safe.directory='*' remote get-url origin").Trim());
        Assert.False(File.Exists(Path.Join(tree, ".git", "FETCH_HEAD")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Submodules_come_along_unless_they_are_not_wanted(bool wanted)
    {
        server.Shell("git init -q ../inner; cd ../inner; echo in > f; git add f; git commit -q -m inner");
        server.Shell($"git -c protocol.file.allow=always submodule add -q ../inner 'sub module'; git config -f .gitmodules submodule.'sub module'.url {server.Server}/inner");
        var commit = server.Commit();

        var tree = await CheckOutAsync(commit, source => source with { TakesSubmodules = wanted });

        Assert.Equal(wanted, File.Exists(Path.Join(tree, "sub module", "f")));
    }

    private Task<string> ResolveAsync(string reference, string checksum = "") =>
        git.ResolveAsync(new GitSource { Remote = server.Address, Reference = reference, Checksum = checksum }, CancellationToken.None);

    private Task<string> CheckOutAsync(string commit, Func<GitSource, GitSource>? change = null)
    {
        var source = new GitSource { Remote = server.Address };
        return git.CheckOutAsync(change?.Invoke(source) ?? source, commit, scratch.MakeDirectory("check out"), CancellationToken.None);
    }
}
