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
        Assert.Equal(TreeVerdict.Exclude, delta.Filter.Judge("same"u8, isDirectory: false));
        Assert.Equal(TreeVerdict.Include, delta.Filter.Judge("changed"u8, isDirectory: false));
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

        var update = TreeUpdate.TryPlan(delta, "", below: null)!;

        Assert.Throws<FileChangedException>(() => update.Apply(source, "", target, owner: null, permissions: null, replaces: false, CancellationToken.None));
    }

    private TreeManifest Of(string directory)
    {
        using var root = RootedDirectory.Open(scratch[directory]);
        var digester = new TreeDigester(root, cache: null, CancellationToken.None, keepsList: true);
        digester.AddContents("", filter: null);
        digester.Finish();
        return digester.Manifest()!;
    }
}
