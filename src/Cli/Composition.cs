using System.Collections.Immutable;
using Kleene.Build.Builder;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Checks;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Fetching;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Images.BaseImages;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Space;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Zfs;
using Kleene.Build.Runtime.Tracing;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Cli;

/// <summary>Puts the real things together; the only place that chooses between drivers and platforms.</summary>
internal sealed class Composition : IDisposable
{
    private readonly Drivers drivers;

    private Composition(Machine machine, StateDirectory state, Database database, Session session, IProcessRunner processes, Drivers drivers, StorageChoice storage, string storageRequest)
    {
        State = state;
        Database = database;
        Session = session;
        Processes = processes;
        this.drivers = drivers;
        SystemImage = machine.IsFreeBsd ? new FreeBsdBaseImage(processes) : new DebianBaseImage(processes);
        Storage = storage;
        Snapshots = new SnapshotCatalog(storage.Store, database, session, Clock);
        Images = new ImageStore(database);
        Containers = new ContainerStore(database);
        VolumeRecords = new VolumeStore(database);
        Volumes = new VolumeLifecycle(VolumeRecords, Containers, Snapshots, Jails, database, state, Clock);
        NetworkRecords = new NetworkStore(database);
        Stacks = new StackStore(database);
        Networks = new NetworkLifecycle(NetworkRecords, Stacks, drivers.Networks, database, session, state, Clock);
        Fetcher = new Fetcher(new DownloadCache(state.Downloads, Clock), new GitClient(processes));
        Trees = new ContainerTrees(Containers, storage.Store, Volumes, Jails, state);
        Freezer = new ContainerFreezer(Jails, database, session);
        Lifecycle = new ContainerLifecycle(Containers, Snapshots, Trees, Volumes, Networks, Jails, database, session, state, processes, Self(state, storageRequest), Clock);
    }

    public TimeProvider Clock { get; } = TimeProvider.System;

    public StateDirectory State { get; }

    public Database Database { get; }

    public Session Session { get; }

    public IProcessRunner Processes { get; }

    /// <summary>What <c>image create fetch-auto</c> makes: the system that this machine runs.</summary>
    public IBaseImageSource SystemImage { get; }

    public StorageChoice Storage { get; }

    public SnapshotCatalog Snapshots { get; }

    public ImageStore Images { get; }

    public BuildStore Builds => new(Database, Session);

    public ContainerStore Containers { get; }

    public IJailDriver Jails => drivers.Jails;

    public ContainerTrees Trees { get; }

    public ContainerFreezer Freezer { get; }

    public ContainerCommit Commit => new(Trees, Snapshots, Images, Jails, Freezer, Clock);

    public ContainerLifecycle Lifecycle { get; }

    public StoreCheck Check => new(Database, State, Session, Snapshots, Containers, Builds, Lifecycle, Jails);

    public SpaceReport Space => new(Storage.Store, Database, State);

    public StoreSpace Bound => new(
        new StoreSettings(Database), new SpaceLedger(Storage.Store, Database, Space), new CacheEviction(Snapshots, Database, Builds, Clock), Storage.Store, Jails, State, Clock);

    public ContainerWatch Watch => new(Containers, Lifecycle, Jails, Session, State, Clock);

    public VolumeStore VolumeRecords { get; }

    public VolumeLifecycle Volumes { get; }

    public NetworkStore NetworkRecords { get; }

    public StackStore Stacks { get; }

    public NetworkLifecycle Networks { get; }

    public Fetcher Fetcher { get; }

    public ImageBuilder Builder => new(Snapshots, Images, Builds, Jails, Volumes, Networks, Bound, Fetcher, State, Session, Clock);

    /// <summary>For commands that fetch before they open anything.</summary>
    public static GitClient Git() => new(new ProcessRunner());

    /// <summary>For commands that are sure to start a jail, before they do anything else.</summary>
    public static void AnticipateJail()
    {
        if (!HostPlatform.IsFreeBsd)
        {
            LinuxJailDriver.Anticipate();
        }
    }

    /// <summary>Opens the state directory and removes what killed commands left in it.</summary>
    /// <param name="machine">Whose drivers are taken.</param>
    /// <param name="commandEnded">Told of every external command; null when nobody wants to know.</param>
    public static async Task<Composition> OpenAsync(
        Machine machine, string root, string storage, Action<CommandLine, ExitStatus, TimeSpan>? commandEnded, CancellationToken cancellationToken)
    {
        using var traced = Tracer.Begin("open the store", root);
        var processes = machine.Processes(commandEnded);
        var state = StateDirectory.Open(root);
        var choice = await ChooseAsync(storage, state.Root, machine.IsFreeBsd, processes, cancellationToken);
        var database = OpenDatabase(state);
        var composition = new Composition(machine, state, database, new Session(state), processes, Drivers.Of(machine, processes, state.Root), choice, storage);
        try
        {
            using var sweep = Tracer.Begin("sweep");
            UnsettledSnapshots.Forget(database, Boot.Id);
            await composition.Freezer.SweepAsync();
            await composition.Lifecycle.SweepAsync(Boot.Id, cancellationToken);
            await composition.Snapshots.SweepAsync((id, token) => composition.Jails.RemoveAsync(id.ToString(), token), cancellationToken);
            await composition.Networks.SweepAsync(cancellationToken);
            return composition;
        }
        catch
        {
            composition.Dispose();
            throw;
        }
    }

    private static async Task<StorageChoice> ChooseAsync(string storage, string root, bool isFreeBsd, IProcessRunner processes, CancellationToken cancellationToken)
    {
        using var traced = Tracer.Begin("choose the storage", storage);
        return await StorageChoice.MakeAsync(storage, root, isFreeBsd, processes, cancellationToken);
    }

    private static Database OpenDatabase(StateDirectory state)
    {
        using var traced = Tracer.Begin("open the database");
        return Database.Open(state);
    }

    /// <summary>Makes a dataset for the trees of a state directory.</summary>
    public static Task<StorageChoice> InitializeAsync(Machine machine, IProcessRunner processes, string root, DatasetName dataset, CancellationToken cancellationToken) =>
        new StorageProbe(processes, machine.IsFreeBsd).InitializeAsync(dataset, StateDirectory.Open(root).Root, cancellationToken);

    /// <summary>Stays with a jail to its end, where the system has no program for that.</summary>
    /// <param name="held">Numbers of open files to keep meanwhile.</param>
    public static async Task SuperviseAsync(Machine machine, string root, SnapshotId jail, IReadOnlyList<int> held, CancellationToken cancellationToken)
    {
        using var drivers = Drivers.Of(machine, machine.Processes(null), StateDirectory.Open(root).Root);
        await Supervising(drivers).SuperviseAsync(jail.ToString(), held, cancellationToken);
    }

    /// <summary>Becomes the first process of a supervised jail, with our standard input as its terminal.</summary>
    public static void Lead(Machine machine, string root, SnapshotId jail)
    {
        using var drivers = Drivers.Of(machine, machine.Processes(null), StateDirectory.Open(root).Root);
        Supervising(drivers).Lead(jail.ToString());
    }

    private static ISupervisingDriver Supervising(Drivers drivers) =>
        drivers.Jails as ISupervisingDriver ?? throw new KleeneException("jails of this system are supervised by a program of its own");

    /// <summary>How programs that we leave behind call us. Under the portable runtime we are an argument of its program.</summary>
    private static OwnCommand Self(StateDirectory state, string storageRequest)
    {
        var program = Environment.ProcessPath ?? throw new KleeneException("the path of this program is not known; start it by its full path");
        ImmutableArray<string> words = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, Path.Join(AppContext.BaseDirectory, "kleene.dll")] : [program];
        return new OwnCommand([.. words, "--root", state.Root, "--storage", storageRequest]);
    }

    public void Dispose()
    {
        using var traced = Tracer.Begin("close the store");
        Fetcher.Downloads.Dispose();
        drivers.Dispose();
        Session.Dispose();
        Database.Dispose();
    }
}
