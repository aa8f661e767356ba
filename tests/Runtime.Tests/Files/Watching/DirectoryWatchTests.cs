using Kleene.Build.Runtime.Files.Watching;
using Kleene.Build.Testing;

namespace Kleene.Build.Runtime.Tests.Files.Watching;

/// <summary>What both ways of watching tell, on real directories.</summary>
public abstract class DirectoryWatchContract : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly Lazy<DirectoryWatch> watch;

    protected DirectoryWatchContract(Func<DirectoryWatch> open) => watch = new Lazy<DirectoryWatch>(open);

    private string Directory => scratch.MakeDirectory("dir");

    public void Dispose()
    {
        watch.Value.Dispose();
        scratch.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_file_that_is_made_written_or_removed_is_told()
    {
        Watch(Directory);

        scratch.Write("dir/new file", "1");
        await ToldAsync(Directory, "new file");
        scratch.Write("dir/new file", "22");
        await ToldAsync(Directory, "new file");
        File.Delete(scratch["dir/new file"]);
        await ToldAsync(Directory, "new file");
    }

    [Fact]
    public async Task A_file_is_still_watched_when_an_editor_has_put_another_in_its_place()
    {
        scratch.Write("dir/file", "1");
        Watch(Directory);

        foreach (var content in (string[])["22", "333"])
        {
            scratch.Write("dir/.file.swp", content);
            File.Move(scratch["dir/.file.swp"], scratch["dir/file"], overwrite: true);
            await ToldAsync(Directory, "file");
        }
    }

    [Fact]
    public async Task A_directory_that_another_has_the_place_of_is_watched_when_it_is_asked_for_again()
    {
        var inner = scratch.MakeDirectory("dir/inner");
        Watch(Directory, inner);
        System.IO.Directory.Move(inner, scratch["dir/old"]);
        scratch.MakeDirectory("dir/inner");
        await ToldAsync(Directory, "inner");

        Watch(Directory, inner);
        scratch.Write("dir/inner/x", "");

        await ToldAsync(inner, "x");
    }

    [Fact]
    public async Task What_is_not_watched_any_more_is_not_told()
    {
        var (first, second) = (scratch.MakeDirectory("first"), scratch.MakeDirectory("second"));
        Watch(first, second);
        Watch(second);

        scratch.Write("first/x", "");
        scratch.Write("second/y", "");

        Assert.Equal(new DirectoryChange(second, "y"), await watch.Value.Changes.ReadAsync());
    }

    [Fact]
    public async Task A_directory_that_is_not_there_is_passed_over()
    {
        Watch(scratch["missing"], Directory);

        scratch.Write("dir/x", "");

        await ToldAsync(Directory, "x");
    }

    [Fact]
    public async Task Nothing_more_comes_when_it_is_disposed_of()
    {
        Watch(Directory);
        watch.Value.Dispose();

        Assert.False(await watch.Value.Changes.WaitToReadAsync());
    }

    private void Watch(params string[] directories) => watch.Value.Watch(directories);

    private async Task ToldAsync(string directory, string name)
    {
        while (await watch.Value.Changes.ReadAsync() != new DirectoryChange(directory, name))
        {
            // Others may be told beside it, and one more than once.
        }
    }
}

public sealed class InotifyWatchTests() : DirectoryWatchContract(() => InotifyWatch.TryOpen()!)
{
    [Fact]
    public void It_is_what_is_taken_here()
    {
        using var taken = DirectoryWatch.Open();

        Assert.IsType<InotifyWatch>(taken);
    }
}

public sealed class PolledWatchTests() : DirectoryWatchContract(() => new PolledWatch(TimeProvider.System));
