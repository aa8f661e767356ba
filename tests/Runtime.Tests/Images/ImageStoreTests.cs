using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Images;

public sealed class ImageStoreTests : IDisposable
{
    private readonly ScratchDirectory folder = new();
    private readonly Database database;
    private readonly ImageStore images;
    private int minutes;

    public ImageStoreTests()
    {
        database = Database.Open(StateDirectory.Open(folder["state"]));
        images = new ImageStore(database);
    }

    public void Dispose()
    {
        database.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void An_image_comes_back_with_all_it_has()
    {
        var (first, last) = (Snapshot(), Snapshot());
        var config = new ImageConfig { Env = ["A=it's $HOME"], Cmd = ["sh", "-c", "echo \"x\""], Labels = new(StringComparer.Ordinal) { ["k"] = "ü\r\n" } };
        var image = New("0123456789ab", last) with
        {
            Config = config,
            Steps =
            [
                new ImageStep("RUN a && \\\n b", ImageStepState.Cached, first, "k1", TimeSpan.FromMilliseconds(1234), new ImageConfig()),
                new ImageStep("RUN c", ImageStepState.Built, last, "k2", TimeSpan.Zero, config),
            ],
        };

        images.Add(image, [ImageReference.Parse("app"), ImageReference.Parse("app:1")]);

        var found = images.WithSteps(images.Find("app:1").Image);
        Assert.Equal(["app:1", "app:latest"], found.Names.AsEnumerable());
        Assert.Equal(config.ToJson(), found.Config.ToJson());
        Assert.Equal(image.Created, found.Created);
        Assert.Equal(["RUN a && \\\n b", "RUN c"], found.Steps.Select(step => step.Text));
        Assert.Equal([(ImageStepState.Cached, first, "k1", 1234.0), (ImageStepState.Built, last, "k2", 0.0)],
            found.Steps.Select(step => (step.State, step.Snapshot!.Value, step.Key, step.Duration.TotalMilliseconds)));
        Assert.Equal(found.Id, Assert.Single(images.List()).Id);
    }

    [Fact]
    public void It_is_found_by_name_by_id_and_by_the_beginning_of_one()
    {
        var image = Add("0a23456789ab", "registry.example:5000/app:1");

        Assert.All(["registry.example:5000/app:1", image.Id, "0a2", "0"], text => Assert.Equal(image.Id, images.Find(text).Image.Id));
        Assert.All(["app:1", "registry.example:5000/app", "0a23456789abc", "a23", "0a2:latest"], text => Assert.Null(images.TryFind(text)));
    }

    [Fact]
    public void A_name_comes_before_an_id()
    {
        Add("cafe00000001");
        var named = Add("0a0000000001", "cafe");

        Assert.Equal(named.Id, images.Find("cafe").Image.Id);
        Assert.Equal("cafe00000001", images.Find("cafe0").Image.Id);
    }

    [Fact]
    public void A_beginning_that_fits_several_ids_lists_them()
    {
        Add("0a0000000001");
        Add("0a0000000002");

        var said = Assert.Throws<AmbiguousReferenceException>(() => images.Find("0a"));

        Assert.Equal("'0a' fits several: 0a0000000001, 0a0000000002; write more of the id", said.Message);
    }

    [Theory]
    [InlineData("debain", "did you mean 'debian:latest'?")]
    [InlineData("debian:lates", "did you mean 'debian:latest'?")]
    [InlineData("something-else:1", "'kleene image ls' shows what there is, 'kleene image create' makes a base image")]
    public void What_is_not_there_is_told_with_the_nearest(string text, string hint)
    {
        Add("0a0000000001", "debian");

        Assert.Equal($"there is no image '{text}'; {hint}", Assert.Throws<ImageNotFoundException>(() => images.Find(text)).Message);
    }

    [Fact]
    public void A_place_in_an_image_is_entered_with_its_own_configuration()
    {
        var (first, last, dirty) = (Snapshot("aaa000000001"), Snapshot("aab000000001"), Snapshot());
        var then = new ImageConfig { User = "then" };
        images.Add(
            New("0a0000000001", last) with
            {
                Steps =
                [
                    new ImageStep("RUN 1", ImageStepState.Built, first, "k1", TimeSpan.Zero, then),
                    new ImageStep("RUN 2", ImageStepState.Built, last, "k2", TimeSpan.Zero, new ImageConfig()),
                    new ImageStep("RUN 3", ImageStepState.Failed, dirty, "k3", TimeSpan.Zero, then),
                ],
            },
            [ImageReference.Parse("app:failed")]);

        var entered = images.Find("app:failed@aaa");

        Assert.Equal((first, "k1", "then"), (entered.Snapshot, entered.Key, entered.Config.User));
        Assert.Equal(dirty, images.Find("app:failed@dirty").Snapshot);
        Assert.Equal(dirty, images.Find("0a0@dirty").Snapshot);
        Assert.Equal(
            "'@aa' fits several: @aaa000000001, @aab000000001; write more of the id",
            Assert.Throws<AmbiguousReferenceException>(() => images.Find("app:failed@aa")).Message);
        Assert.Equal(
            "image 'app:failed' has no snapshot '@bbb'; 'kleene image history app:failed' shows those it has",
            Assert.Throws<ImageNotFoundException>(() => images.Find("app:failed@bbb")).Message);
    }

    [Fact]
    public void A_base_image_is_entered_at_the_tree_that_it_is()
    {
        var image = Add("0a0000000001", "base");

        Assert.Equal(image.Snapshot, images.Find($"base@{image.Snapshot}").Snapshot);
        Assert.Contains("has no '@dirty'", Assert.Throws<ImageNotFoundException>(() => images.Find("base@dirty")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_step_whose_files_were_not_kept_cannot_be_entered()
    {
        var snapshot = Snapshot();
        images.Add(
            New("0a0000000001", snapshot) with { Steps = [new ImageStep("COPY x y", ImageStepState.Failed, null, "k", TimeSpan.Zero, new ImageConfig())] },
            [ImageReference.Parse("app:failed")]);

        Assert.Throws<ImageNotFoundException>(() => images.Find("app:failed@dirty"));
    }

    [Fact]
    public void A_name_belongs_to_who_had_it_last()
    {
        var old = Add("0a0000000001", "app", "old");
        var taker = Add("0a0000000002", "app");

        Assert.Equal(taker.Id, images.Find("app").Image.Id);
        Assert.Equal(["old:latest"], images.Find(old.Id).Image.Names.AsEnumerable());
        Assert.True(images.Untag(ImageReference.Parse("old")));
        Assert.False(images.Untag(ImageReference.Parse("old")));
        Assert.Equal(old.Id, images.Find(old.Id).Image.DisplayName);
    }

    [Fact]
    public void An_image_that_a_container_was_made_from_stays()
    {
        var image = Add("0a0000000001", "app");
        var containers = new ContainerStore(database);
        var container = new Container
        {
            Id = SnapshotId.New(), Name = "box", ImageId = image.Id, Snapshot = image.Snapshot, Spec = new ContainerSpec { Argv = ["true"] },
            State = ContainerState.Exited, Created = DateTimeOffset.UnixEpoch,
        };
        containers.Add(container);

        Assert.True(images.IsUsed(image));
        Assert.Equal(
            "image '0a0000000001' is in use: container 'box' was made from it; remove that first with 'kleene rm box'",
            Assert.Throws<ImageInUseException>(() => images.Remove(image)).Message);

        containers.Remove(container.Id);
        Assert.Equal([image.Snapshot], images.Remove(image));
        Assert.Null(images.TryFind("app"));
    }

    [Fact]
    public void Removing_gives_the_snapshots_from_the_last_to_the_first()
    {
        var (first, second) = (Snapshot(), Snapshot());
        var image = New("0a0000000001", second) with
        {
            Steps =
            [
                new ImageStep("RUN 1", ImageStepState.Built, first, "k1", TimeSpan.Zero, new ImageConfig()),
                new ImageStep("WORKDIR /", ImageStepState.Built, first, "k2", TimeSpan.Zero, new ImageConfig()),
                new ImageStep("RUN 2", ImageStepState.Built, second, "k3", TimeSpan.Zero, new ImageConfig()),
            ],
        };
        images.Add(image, []);

        Assert.Equal([second, first], images.Remove(image));
    }

    [Fact]
    public void The_same_image_is_the_newest_with_that_tree_and_configuration()
    {
        var image = Add("0a0000000001");
        var newer = New("0a0000000002", image.Snapshot);
        images.Add(newer, []);

        Assert.Equal(newer.Id, images.FindSame(image.Snapshot, new ImageConfig())?.Id);
        Assert.Null(images.FindSame(image.Snapshot, new ImageConfig { User = "x" }));
        Assert.Null(images.FindSame(Snapshot(), new ImageConfig()));
    }

    [Fact]
    public void What_a_failed_build_left_is_not_the_same_image()
    {
        var snapshot = Snapshot();
        images.Add(New("0a0000000001", snapshot) with { Steps = [new ImageStep("RUN false", ImageStepState.Failed, null, "k", TimeSpan.Zero, new ImageConfig())] }, []);

        Assert.Null(images.FindSame(snapshot, new ImageConfig()));
    }

    private Image Add(string id, params string[] names)
    {
        var image = New(id, Snapshot());
        images.Add(image, names.Select(ImageReference.Parse));
        return image;
    }

    private Image New(string id, SnapshotId snapshot) => new()
    {
        Id = id,
        Snapshot = snapshot,
        Key = "key",
        Config = new ImageConfig(),
        Created = DateTimeOffset.UnixEpoch.AddMinutes(minutes++),
    };

    private SnapshotId Snapshot(string? id = null)
    {
        var snapshot = id is null ? SnapshotId.New() : SnapshotId.Parse(id);
        database.Execute("INSERT INTO snapshots (id, created) VALUES ($1, 0)", snapshot.ToString());
        return snapshot;
    }
}
