using System.Text;

namespace Kleene.Build.Cli.Tests;

public sealed class FormatCommandTests : IDisposable
{
    private const string Untidy = "from   a\r\n\r\n\r\nrun  b  c\r\n";
    private const string Tidy = "FROM a\n\nRUN b  c\n";

    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [Fact]
    public async Task It_prints_the_layout_and_leaves_the_file_alone()
    {
        var context = space.Context(Untidy);

        Assert.Equal(Tidy, await space.SucceedAsync("fmt", context));

        Assert.Equal(Untidy, await File.ReadAllTextAsync(space["context/Kleenefile"]));
    }

    [Fact]
    public async Task It_reads_the_standard_input()
    {
        var ran = await space.RunAsync(space.Command("fmt", "-") with { Input = Encoding.UTF8.GetBytes("\uFEFF" + Untidy) });

        Assert.Equal((0, Tidy, ""), (ran.Exit.ShellCode, ran.Output, ran.Error));
    }

    [Fact]
    public async Task With_write_it_rewrites_what_changes_and_nothing_else()
    {
        var untidy = space.Write("a/Dockerfile", Untidy);
        var tidy = space.Write("b/Kleenefile", Tidy);
        File.SetUnixFileMode(untidy, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var before = File.GetLastWriteTimeUtc(tidy);

        var ran = await space.RunAsync("fmt", "-w", space["a"], tidy);

        Assert.Equal((0, "", $"formatted {untidy}\n"), (ran.Exit.ShellCode, ran.Output, ran.Error));
        Assert.Equal(Tidy, await File.ReadAllTextAsync(untidy));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.GroupRead, File.GetUnixFileMode(untidy));
        Assert.Equal(before, File.GetLastWriteTimeUtc(tidy));
    }

    [Fact]
    public async Task With_check_it_names_the_files_that_would_change_and_fails()
    {
        var untidy = space.Write("a/Kleenefile", Untidy);
        var tidy = space.Write("b/Kleenefile", Tidy);

        var both = await space.RunAsync("fmt", "--check", untidy, tidy);
        var one = await space.RunAsync("fmt", "--check", "-f", tidy, space["a"]);

        Assert.Equal((1, untidy + "\n"), (both.Exit.ShellCode, both.Output));
        Assert.Equal((0, ""), (one.Exit.ShellCode, one.Output));
        Assert.Equal(Untidy, await File.ReadAllTextAsync(untidy));
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_stays_as_it_is_and_the_others_are_done()
    {
        var broken = space.Write("broken", "FROM a\nRNU x\n");
        var untidy = space.Write("untidy", Untidy);

        var ran = await space.RunAsync("fmt", "-w", broken, untidy);

        Assert.Equal(2, ran.Exit.ShellCode);
        Assert.StartsWith($"{broken}:2:1: error KB0001: unknown instruction 'RNU'; did you mean 'RUN'?\n", ran.Error, StringComparison.Ordinal);
        Assert.Equal("FROM a\nRNU x\n", await File.ReadAllTextAsync(broken));
        Assert.Equal(Tidy, await File.ReadAllTextAsync(untidy));
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_not_touched()
    {
        var path = space.Write("latin1", "");
        await File.WriteAllBytesAsync(path, [.. "FROM a\nLABEL x=\""u8, 0xe9, .. "\"\n"u8]);

        var said = await space.FailAsync(2, "fmt", "-w", path);

        Assert.Equal($"error: '{path}' is not text in UTF-8, so it has no layout\n", said);
        Assert.Equal(0xe9, (await File.ReadAllBytesAsync(path))[16]);
    }

    [Theory]
    [InlineData("--write", "--check", "contradict")]
    [InlineData("no such file", "--check", "'no such file' cannot be read")]
    public async Task What_cannot_be_meant_is_a_usage_error(string first, string second, string says) =>
        Assert.Contains(says, await space.FailAsync(2, "fmt", first, second), StringComparison.Ordinal);
}
