using Kleene.Build.Builder.Contexts;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Recording;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Text;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Fetching;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Space;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Volumes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Jails;
using Kleene.Build.Testing.Networks;
using Kleene.Build.Testing.Storage;

namespace Kleene.Build.Builder.Tests.Execution;

/// <summary>A builder over a real database and plain directories, with played commands, and a base image called <c>base</c>.</summary>
internal sealed class BuildHarness : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly Session session;

    /// <param name="context">A directory of the test's own; null makes an empty one.</param>
    /// <param name="store">What keeps the trees, where plain directories will not do.</param>
    public BuildHarness(string? context = null, ISnapshotStore? store = null)
    {
        State = StateDirectory.Open(Path.Join(scratch.Path, "state"));
        Database = Database.Open(State);
        session = new Session(State);
        Snapshots = new SnapshotCatalog(store ?? new DirectorySnapshotStore(Path.Join(scratch.Path, "trees")), Database, session, TimeProvider.System);
        Images = new ImageStore(Database);
        VolumeRecords = new VolumeStore(Database);
        Volumes = new VolumeLifecycle(VolumeRecords, new ContainerStore(Database), Snapshots, Jails, Database, State, TimeProvider.System);
        var networks = new NetworkStore(Database);
        Networks = new NetworkLifecycle(networks, new StackStore(Database), NetworkDriver, Database, session, State, TimeProvider.System);
        ContextDirectory = context ?? Directory.CreateDirectory(Path.Join(scratch.Path, "context $HOME")).FullName;
    }

    public StateDirectory State { get; }

    public Database Database { get; }

    public SnapshotCatalog Snapshots { get; }

    public ImageStore Images { get; }

    public BuildStore Builds => new(Database, session);

    public StoreSpace Space
    {
        get
        {
            var ledger = new SpaceLedger(Snapshots.Store, Database, new SpaceReport(Snapshots.Store, Database, State));
            return new StoreSpace(new StoreSettings(Database), ledger, new CacheEviction(Snapshots, Database, Builds, TimeProvider.System), Snapshots.Store, Jails, State, TimeProvider.System);
        }
    }

    public VolumeStore VolumeRecords { get; }

    public VolumeLifecycle Volumes { get; }

    public NetworkLifecycle Networks { get; }

    public FakeNetworkDriver NetworkDriver { get; } = new();

    public FakeJailDriver Jails { get; } = new();

    public string ContextDirectory { get; }

    /// <summary>Makes an image of one file.</summary>
    public Task<Image> AddBaseAsync(string name = "base", ImageConfig? config = null) =>
        AddBaseAsync(name, tree => File.WriteAllText(Path.Join(tree, "base"), name), config);

    /// <summary>Makes an image.</summary>
    /// <param name="fill">Makes its files in an empty directory.</param>
    public async Task<Image> AddBaseAsync(string name, Action<string> fill, ImageConfig? config = null)
    {
        await using var draft = await Snapshots.DraftAsync(null, WorkspaceUse.BuildStep, CancellationToken.None);
        fill(draft.Path);
        var snapshot = await draft.CommitAsync($"base {name}", replace: false, CancellationToken.None);
        var image = new Image
        {
            Id = SnapshotId.New().ToString(),
            Snapshot = snapshot,
            Key = $"base {name}",
            Config = config ?? new ImageConfig(),
            Created = DateTimeOffset.UtcNow,
        };
        Images.Add(image, [ImageReference.Parse(name)]);
        return image;
    }

    public async Task<List<BuildEvent>> BuildAsync(string kleenefile, Func<BuildRequest, BuildRequest>? change = null, CancellationToken cancellationToken = default)
    {
        using var files = BuildContext.Open(ContextDirectory, null, State.Contexts);
        var request = Request(kleenefile, files);
        using var downloads = new DownloadCache(State.Downloads, TimeProvider.System);
        var events = new List<BuildEvent>();
        await foreach (var happened in Builder(downloads).BuildAsync(change?.Invoke(request) ?? request, cancellationToken))
        {
            events.Add(happened);
        }

        return events;
    }

    public async Task<BuildForecast?> ForecastAsync(string kleenefile)
    {
        using var files = BuildContext.Open(ContextDirectory, null, State.Contexts);
        using var downloads = new DownloadCache(State.Downloads, TimeProvider.System);
        return (await Builder(downloads).ForecastAsync(Request(kleenefile, files), CancellationToken.None)).Forecast;
    }

    /// <summary>A file of the context.</summary>
    public void Write(string path, string content)
    {
        var file = Path.Join(ContextDirectory, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
    }

    public void Delete(string path) => File.Delete(Path.Join(ContextDirectory, path));

    /// <summary>Rows of a table, which a condition may follow.</summary>
    public int Count(string table) => Database.Query($"SELECT count(*) FROM {table}", reader => reader.GetInt32(0))[0];

    /// <summary>The events in a form that tests can compare: no ids, no times.</summary>
    public static IEnumerable<string> Told(IEnumerable<BuildEvent> events) => events.Select(happened => happened switch
    {
        BuildEvent.Diagnosed diagnosed => $"diagnosed {diagnosed.Diagnostic.Rule.Id}",
        BuildEvent.Started started => $"started {started.Target} of {started.Total}",
        BuildEvent.StepStarted started => $"{started.Step.Number} {started.Step.Step.Text}",
        BuildEvent.StepOutput output => $"{output.Step.Number} > {output.Line}",
        BuildEvent.StepCached cached => $"{cached.Step.Number} cached",
        BuildEvent.StepCompleted completed => $"{completed.Step.Number} built",
        BuildEvent.StepFailed failed => $"{failed.Step.Number} failed: {failed.Message}",
        BuildEvent.Completed => "completed",
        BuildEvent.Failed failed => $"build failed: {failed.Message}",
        _ => happened.ToString(),
    });

    public static IEnumerable<int> Cached(IEnumerable<BuildEvent> events) => events.OfType<BuildEvent.StepCached>().Select(cached => cached.Step.Number);

    public static IEnumerable<int> Ran(IEnumerable<BuildEvent> events) => events.OfType<BuildEvent.StepCompleted>().Select(built => built.Step.Number);

    public static Image ImageOf(IEnumerable<BuildEvent> events) => Assert.IsType<BuildEvent.Completed>(events.Last()).Image;

    /// <summary>A file of an image's tree; null when it is not there.</summary>
    public async Task<string?> ReadAsync(SnapshotId snapshot, string path)
    {
        await using var view = await Snapshots.OpenAsync(snapshot, CancellationToken.None);
        var file = Path.Join(view.Path, path);
        return File.Exists(file) ? await File.ReadAllTextAsync(file) : null;
    }

    /// <summary>The trees that have been begun and neither published nor removed.</summary>
    public int UnfinishedTrees => Database.Query("SELECT id FROM workspaces", reader => reader.GetString(0)).Count;

    private static BuildRequest Request(string kleenefile, BuildContext files) => new()
    {
        Source = new SourceText("Kleenefile", kleenefile),
        Compile = CompileOptions.Default,
        Context = files,
        Tags = [ImageReference.Parse("app")],
    };

    private ImageBuilder Builder(DownloadCache downloads) =>
        new(Snapshots, Images, Builds, Jails, Volumes, Networks, Space, new Fetcher(downloads, new GitClient(new ProcessRunner())), State, session, TimeProvider.System);

    public void Dispose()
    {
        session.Dispose();
        Database.Dispose();
        scratch.Dispose();
    }
}
