using Kleene.Build.Runtime.Files;
using Kleene.Build.Testing;

namespace Kleene.Build.Runtime.Tests.Files;

public sealed class TreeManifestTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    /// <summary>Where the memory for the packed form has to grow is another place for each.</summary>
    [Fact]
    public void Trees_of_all_sizes_are_packed_and_unpacked()
    {
        for (var files = 0; files < 80; files++)
        {
            scratch.Write($"tree/{new string('n', files)}d/{files}", "");
            var manifest = Of("tree");

            var delta = TreeDelta.Between(TreeManifest.TryUnpack(manifest.Pack())!, manifest);

            Assert.Equal((files + 1, 0, 0L), (manifest.Count, delta.Count, delta.Bytes));
        }
    }

    [Fact]
    public void What_another_version_packed_is_not_read()
    {
        Assert.Null(TreeManifest.TryUnpack([99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        Assert.Null(TreeManifest.TryUnpack([]));
    }

    [Fact]
    public void New_changed_and_removed_names_count_and_only_what_is_there_is_to_be_copied()
    {
        scratch.Write("tree/same", "1");
        scratch.Write("tree/changed", "1");
        scratch.Write("tree/gone/a", "12");
        scratch.Write("tree/gone/below/b", "12");
        var before = Of("tree");

        scratch.Shell("rm -r tree/gone; echo 123456 > tree/changed; mkdir tree/new; echo 1 > tree/new/file");
        var delta = TreeDelta.Between(before, Of("tree"));

        Assert.Equal((4, 9L), (delta.Count, delta.Bytes));
        Assert.Equal(["gone"], delta.RemovedDirectories.Select(path => path.ToString()));
        Assert.Equal(["new"], delta.AddedDirectories.Select(path => path.ToString()));
        Assert.Equal(TreeVerdict.Exclude, delta.FilterOf(0, "").Judge("same"u8, isDirectory: false));
        Assert.Equal(TreeVerdict.Include, delta.FilterOf(0, "").Judge("changed"u8, isDirectory: false));
    }

    [Fact]
    public void A_time_that_alone_is_other_is_a_change_of_the_file()
    {
        scratch.Write("tree/file", "1");
        var before = Of("tree");

        scratch.Shell("touch -d 2001-01-01 tree/file");

        Assert.Equal(1, TreeDelta.Between(before, Of("tree")).Count);
    }

    [Fact]
    public void A_file_that_changes_between_hashing_and_copying_is_an_error()
    {
        scratch.Shell("mkdir tree target");
        scratch.Write("tree/file", "1");
        var before = Of("tree");
        scratch.Write("tree/file", "2");
        scratch.Write("target/file", "1");
        var delta = TreeDelta.Between(before, Of("tree"));
        scratch.Write("tree/file", "three");
        using var source = RootedDirectory.Open(scratch["tree"]);
        using var target = RootedDirectory.Open(scratch["target"]);

        var update = TreeUpdate.TryPlan(delta, [new PlacedSource("", "", IsDirectory: true)], "", below: null)!;

        Assert.Throws<FileChangedException>(() => update.Apply(source, target, owner: null, permissions: null, replaces: false, CancellationToken.None));
    }

    [Fact]
    public void Of_sources_that_meet_each_copies_what_it_has_of_a_name_that_is_touched()
    {
        scratch.Write("one/meet/both", "1");
        scratch.Write("one/meet/first", "1");
        scratch.Write("two/meet/both", "2");
        scratch.Write("two/meet/second", "2");
        scratch.Write("file", "3");
        var before = OfAll(("one", ""), ("two", ""), ("file", "file"))!;

        scratch.Write("one/meet/both", "changed");
        var delta = TreeDelta.Between(before, OfAll(("one", ""), ("two", ""), ("file", "file"))!);

        Assert.Equal((1, 8L, false), (delta.Count, delta.Bytes, delta.IsUnclear));
        Assert.Equal("both", Passed(delta.FilterOf(0, "").Enter("meet"u8), "both", "first", "second"));
        Assert.Equal("both", Passed(delta.FilterOf(1, "").Enter("meet"u8), "both", "first", "second"));
        Assert.False(delta.Takes(2, "file"));
    }

    [Fact]
    public void A_directory_stays_as_long_as_one_source_has_it()
    {
        scratch.Write("one/meet/first", "1");
        scratch.Write("two/meet/second", "2");
        var before = OfAll(("one", ""), ("two", ""))!;

        scratch.Shell("rm -r one/meet");
        var delta = TreeDelta.Between(before, OfAll(("one", ""), ("two", ""))!);

        Assert.Empty(delta.RemovedDirectories);
        Assert.Equal(["meet/first"], delta.RemovedFiles.Select(path => path.ToString()));
        Assert.Equal(TreeVerdict.Include, delta.FilterOf(1, "").Judge("meet"u8, isDirectory: true));
    }

    [Fact]
    public void A_source_that_comes_in_front_touches_nothing_of_the_others()
    {
        scratch.Write("b", "2");
        scratch.Write("c", "3");
        var before = OfAll(("b", "b"), ("c", "c"))!;

        scratch.Write("a", "1");
        var delta = TreeDelta.Between(before, OfAll(("a", "a"), ("b", "b"), ("c", "c"))!);

        Assert.Equal(1, delta.Count);
        Assert.Equal([true, false, false], [delta.Takes(0, "a"), delta.Takes(1, "b"), delta.Takes(2, "c")]);
    }

    [Fact]
    public void Where_one_source_has_a_file_and_another_a_directory_there_is_none()
    {
        scratch.Write("one/name/below", "1");
        scratch.Write("two/name", "2");

        Assert.Null(OfAll(("one", ""), ("two", "")));
        Assert.NotNull(OfAll(("one", ""), ("two", "elsewhere")));
    }

    [Fact]
    public void A_link_that_another_source_hides_makes_the_whole_unclear()
    {
        scratch.Shell("mkdir one; echo 1 > one/a; ln one/a one/b; mkdir two; echo 2 > two/a");
        var before = OfAll(("one", ""), ("two", ""))!;

        scratch.Shell("rm two/a");

        Assert.True(TreeDelta.Between(before, OfAll(("one", ""), ("two", ""))!).IsUnclear);
    }

    private static string Passed(ITreeFilter? filter, params string[] names) =>
        string.Join(' ', names.Where(name => filter!.Judge(System.Text.Encoding.UTF8.GetBytes(name), isDirectory: false) == TreeVerdict.Include));

    private TreeManifest Of(string directory) => OfAll((directory, ""))!;

    /// <param name="sources">Files and directories, and where they go.</param>
    private TreeManifest? OfAll(params (string Path, string Place)[] sources)
    {
        using var root = RootedDirectory.Open(scratch.Path);
        var digester = new TreeDigester(root, cache: null, CancellationToken.None, keepsList: true);
        foreach (var (path, place) in sources)
        {
            if (Directory.Exists(scratch[path]))
            {
                digester.AddContents(path, filter: null);
            }
            else
            {
                digester.AddFile(path, place);
            }
        }

        digester.Finish();
        return digester.Manifest([.. sources.Select(source => (UnixPath)source.Place)]);
    }
}
