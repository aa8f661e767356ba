using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Images.BaseImages;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.BaseImages;

public sealed class BaseImageMakerTests : IDisposable
{
    private readonly ScratchDirectory folder = new();
    private readonly Database database;
    private readonly Session session;
    private readonly SnapshotCatalog snapshots;
    private readonly ImageStore images;
    private readonly BaseImageMaker maker;

    public BaseImageMakerTests()
    {
        var state = StateDirectory.Open(folder["state"]);
        database = Database.Open(state);
        session = new Session(state);
        snapshots = new SnapshotCatalog(new DirectorySnapshotStore(folder.MakeDirectory("trees")), database, session, TimeProvider.System);
        images = new ImageStore(database);
        maker = new BaseImageMaker(snapshots, images, TimeProvider.System);
    }

    public void Dispose()
    {
        session.Dispose();
        database.Dispose();
        folder.Dispose();
    }

    [RootFact]
    public async Task A_base_image_has_the_files_of_its_source_under_the_name_it_was_given()
    {
        var (image, _) = await maker.MakeAsync(new OneFile("hello"), ImageReference.Parse("base:1"), new Reports([]), CancellationToken.None);

        var found = images.Find("base:1");
        await using var view = await snapshots.OpenAsync(found.Snapshot, CancellationToken.None);
        Assert.Equal(image.Id, found.Image.Id);
        Assert.Equal("hello", File.ReadAllText(Path.Join(view.Path, "file")));
    }

    [RootFact]
    public async Task A_source_may_suggest_the_name()
    {
        await maker.MakeAsync(new OneFile("hello", "debian:12"), null, new Reports([]), CancellationToken.None);

        Assert.Equal("debian:12", images.Find("debian:12").Image.DisplayName);
    }

    [RootFact]
    public async Task Without_any_name_there_is_no_image_and_nothing_is_left()
    {
        var error = await Assert.ThrowsAsync<KleeneException>(() => maker.MakeAsync(new OneFile("x"), null, new Reports([]), CancellationToken.None));

        Assert.Contains("--tag", error.Message, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    [RootFact]
    public async Task The_same_content_made_again_continues_the_same_builds()
    {
        var (first, _) = await maker.MakeAsync(new OneFile("hello"), ImageReference.Parse("base:1"), new Reports([]), CancellationToken.None);
        var (again, _) = await maker.MakeAsync(new OneFile("hello"), ImageReference.Parse("base:2"), new Reports([]), CancellationToken.None);
        var (other, _) = await maker.MakeAsync(new OneFile("other"), ImageReference.Parse("base:3"), new Reports([]), CancellationToken.None);

        Assert.Equal((first.Key, first.Snapshot), (again.Key, again.Snapshot));
        Assert.NotEqual(first.Key, other.Key);
        Assert.Equal(2, Directory.GetFileSystemEntries(folder["trees"]).Length);
    }

    [RootFact]
    public async Task A_source_that_fails_half_way_leaves_nothing()
    {
        await Assert.ThrowsAsync<KleeneException>(
            () => maker.MakeAsync(new OneFile("x", fails: true), ImageReference.Parse("base:1"), new Reports([]), CancellationToken.None));

        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Datasets_need_the_store_that_knows_them()
    {
        var error = await Assert.ThrowsAsync<KleeneException>(
            () => maker.ImportAsync((_, _, _) => Task.CompletedTask, ImageReference.Parse("base:1"), CancellationToken.None));

        Assert.Contains("need the storage driver 'zfs', and this is 'directory'", error.Message, StringComparison.Ordinal);
    }

    private void AssertNothingIsLeft()
    {
        Assert.Empty(images.List());
        Assert.Empty(Directory.GetFileSystemEntries(folder["trees"]));
    }

    private sealed class OneFile(string content, string? name = null, bool fails = false) : IBaseImageSource
    {
        public Task<BaseImageContent> WriteAsync(string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
        {
            File.WriteAllText(Path.Join(rootPath, "file"), content);
            return fails
                ? throw new KleeneException("the source ran dry")
                : Task.FromResult(new BaseImageContent(Sha256Hasher.Hash(System.Text.Encoding.UTF8.GetBytes(content)), name, BaseImageDefaults.Config, []));
        }
    }
}
