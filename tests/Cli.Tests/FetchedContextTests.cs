using Kleene.Build.Testing.Jails;
using Kleene.Build.Testing.Servers;

namespace Kleene.Build.Cli.Tests;

/// <summary>Contexts that are no directories: repositories and archives.</summary>
public sealed class FetchedContextTests : IDisposable
{
    private const string Kleenefile = "FROM busybox\nCOPY . /all/\nCMD [\"ls\", \"-A\", \"/all\"]\n";

    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_repository_is_a_context_without_its_ignore_file()
    {
        await space.WithBusyboxAsync();
        using var git = new GitServer();
        git.Shell($"mkdir sub; printf '%s' '{Kleenefile}' > sub/Dockerfile; echo f > sub/.dockerignore; echo x > sub/f; ln -s 'the repo' ../repo");
        git.Commit();

        await space.BuildAsync($"{git.Server}/repo#main:sub", "app");

        Assert.Equal(".dockerignore\nDockerfile\nf\n", await space.SucceedAsync("run", "--rm", "app"));
    }

    [JailFact]
    public async Task An_archive_is_a_context_wherever_it_comes_from()
    {
        await space.WithBusyboxAsync();
        using var web = new FileServer();
        space.Write("t/Containerfile", Kleenefile);
        space.Write("t/other file", Kleenefile.Replace("/all", "/other", StringComparison.Ordinal));
        space.Shell("chown -R 12:13 t; tar -C t -cf plain.tar .; tar -C t -cJf packed.txz .");
        var archive = await File.ReadAllBytesAsync(space["packed.txz"]);
        web["/ctx"] = new ServedFile(archive);

        await space.BuildAsync($"{web.Address}/ctx", "web");
        await space.BuildAsync(space["plain.tar"], "file");
        var command = space.Command("build", "-q", "-t", "input", "-f", "other file", "-") with { Input = archive };
        Assert.True((await space.RunAsync(command)).Exit.Success);

        Assert.Equal("Containerfile\nother file\n", await space.SucceedAsync("run", "--rm", "web"));
        Assert.Equal("Containerfile\nother file\n", await space.SucceedAsync("run", "--rm", "file"));
        Assert.Equal("/other/other file 0:0\n", await space.SucceedAsync("run", "--rm", "input", "stat", "-c", "%n %u:%g", "/other/other file"));
    }

    [JailFact]
    public async Task A_text_is_a_kleenefile_without_files()
    {
        await space.WithBusyboxAsync();
        using var web = new FileServer();
        web["/Kleenefile"] = new ServedFile("FROM busybox\nRUN echo text > /f\n");

        await space.BuildAsync($"{web.Address}/Kleenefile", "app");

        Assert.Equal("text\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/f"));
    }

    [Fact]
    public async Task What_a_context_that_came_from_elsewhere_links_to_is_not_read()
    {
        space.Write("secret", "FROM leaked\n");
        space.Shell("mkdir t; ln -s \"$PWD/secret\" t/Kleenefile; tar -C t -cf a.tar Kleenefile");

        var said = await space.FailAsync(2, "plan", space["a.tar"]);

        Assert.DoesNotContain("leaked", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_fetched_is_gone_afterwards()
    {
        space.Write("t/Kleenefile", "FROM a\n");
        space.Shell("tar -C t -cf a.tar Kleenefile; mkdir tmp");
        var command = space.Command("plan", space["a.tar"]);

        var result = await space.RunAsync(command with { Environment = [.. command.Environment, $"TMPDIR={space["tmp"]}"] });

        Assert.StartsWith("target 0\n", result.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(space["tmp"]));
    }

    [Fact]
    public async Task A_file_that_is_no_archive_is_an_error()
    {
        var file = space.Write("file", "text");

        Assert.Equal(
            $"error: the context '{file}' is a file and no archive; give the directory it is in, and the file with --file\n",
            await space.FailAsync(2, "build", file));
    }
}
