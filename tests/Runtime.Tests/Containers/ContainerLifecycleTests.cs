using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Volumes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Networks;
using Kleene.Build.Testing.Processes;
using Kleene.Build.Testing.Storage;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Containers;

public sealed partial class ContainerLifecycleTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly ScratchDirectory folder = new();
    private readonly EagerTime time = new();
    private readonly PlayedJails jails = new();
    private readonly FakeNetworkDriver networkDriver = new();
    private readonly Database database;
    private readonly Session session;
    private readonly Session other;
    private readonly DirectorySnapshotStore store;
    private readonly ContainerStore containers;
    private readonly ContainerLifecycle ours;
    private readonly ContainerLifecycle theirs;
    private readonly StateDirectory state;
    private readonly RecordingProcessRunner leftBehind = new();
    private ImageEntry? image;

    public ContainerLifecycleTests()
    {
        state = StateDirectory.Open(folder["state"]);
        database = Database.Open(state);
        session = new Session(state);
        other = new Session(state);
        store = new DirectorySnapshotStore(folder.MakeDirectory("trees"));
        containers = new ContainerStore(database);
        ours = Lifecycle(session);
        theirs = Lifecycle(other);

        ContainerLifecycle Lifecycle(Session maker)
        {
            var snapshots = new SnapshotCatalog(store, database, maker, time);
            var volumes = new VolumeLifecycle(new VolumeStore(database), containers, snapshots, jails, database, state, time);
            var networks = new NetworkLifecycle(new NetworkStore(database), new StackStore(database), networkDriver, database, maker, state, time);
            var trees = new ContainerTrees(containers, store, volumes, jails, state);
            return new ContainerLifecycle(containers, snapshots, trees, volumes, networks, jails, database, maker, state, leftBehind, new OwnCommand(["kleene"]), time);
        }
    }

    private ImageEntry Image => image ?? throw new InvalidOperationException("the test needs root and should have been skipped");

    public async Task InitializeAsync()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return;
        }

        await using var draft = await new SnapshotCatalog(store, database, session, time).DraftAsync(null, WorkspaceUse.BuildStep, None);
        File.WriteAllText(Path.Join(draft.Path, "file"), "of the image");
        var snapshot = await draft.CommitAsync("key", replace: false, None);
        var made = new Image { Id = "0a0000000001", Snapshot = snapshot, Key = "key", Config = new ImageConfig(), Created = time.GetUtcNow() };
        new ImageStore(database).Add(made, []);
        image = new ImageEntry(made, snapshot, "key", made.Config);
    }

    public Task DisposeAsync()
    {
        session.Dispose();
        other.Dispose();
        database.Dispose();
        folder.Dispose();
        return Task.CompletedTask;
    }

    [RootFact]
    public async Task A_container_is_a_clone_of_its_image_with_a_record()
    {
        var container = await ours.CreateAsync(Image, Spec(), "box", None);

        var kept = containers.Find("box");
        Assert.Equal((container.Id, ContainerState.Created, Image.Snapshot), (kept.Id, kept.State, kept.Snapshot));
        Assert.Equal("of the image", File.ReadAllText(Path.Join(TreeOf(container), "file")));
        Assert.Equal(0, Workspaces());
    }

    [RootFact]
    public async Task One_without_a_name_is_given_a_free_one()
    {
        var names = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            names.Add((await ours.CreateAsync(Image, Spec(), null, None)).Name);
        }

        Assert.Equal(5, names.Distinct().Count());
        Assert.All(names, name => Assert.Matches("^[a-z]+_[a-z]+[0-9]+$", name));
    }

    [RootTheory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("-box")]
    [InlineData("a b")]
    [InlineData("box\n")]
    [InlineData("bóx")]
    [InlineData("../box")]
    public async Task What_is_no_name_is_refused_and_leaves_no_tree(string name)
    {
        var said = await Assert.ThrowsAsync<KleeneException>(() => ours.CreateAsync(Image, Spec(), name, None));

        Assert.StartsWith($"'{name}' is not a container name", said.Message, StringComparison.Ordinal);
        Assert.Equal([$"{Image.Snapshot}"], Trees());
        Assert.Equal(0, Workspaces());
    }

    [RootFact]
    public async Task A_name_that_is_taken_is_refused_and_leaves_no_tree()
    {
        var first = await ours.CreateAsync(Image, Spec(), "box", None);

        var said = await Assert.ThrowsAsync<KleeneException>(() => ours.CreateAsync(Image, Spec(), "box", None));

        Assert.Contains("'box' is taken; remove that container with 'kleene rm box'", said.Message, StringComparison.Ordinal);
        Assert.Equal(new[] { $"{Image.Snapshot}", $"{first.Id}.workspace" }.Order(), Trees().Order());
    }

    [RootFact]
    public async Task What_it_ended_with_is_recorded()
    {
        var container = await ours.CreateAsync(Image, Spec(), "box", None);
        var run = ours.RunAsync(container, ProcessOutput.Captured, None);
        Assert.Equal(ContainerState.Running, containers.Find("box").State);

        jails.End($"{container.Id}", new ExitStatus(3));

        Assert.Equal(3, (await run).Code);
        var kept = containers.Find("box");
        Assert.Equal((ContainerState.Exited, (int?)3), (kept.State, kept.ExitCode));
        Assert.NotNull(kept.Finished);
    }

    [RootFact]
    public async Task One_that_cannot_be_started_ends_with_the_shell_s_code()
    {
        jails.Refusal = new JailStartException(JailStartFailure.NotFound, "'x' was not found");
        var container = await ours.CreateAsync(Image, Spec(), "box", None);

        await Assert.ThrowsAsync<JailStartException>(() => ours.RunAsync(container, ProcessOutput.Captured, None));

        Assert.Equal((ContainerState.Exited, (int?)127), (containers.Find("box").State, containers.Find("box").ExitCode));
    }

    [RootTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_that_is_to_go_at_its_end_goes_also_when_it_could_not_start(bool starts)
    {
        jails.Refusal = starts ? null : new JailStartException(JailStartFailure.NotExecutable, "'x' cannot be executed");
        var container = await ours.CreateAsync(Image, Spec() with { RemoveAtExit = true }, "box", None);

        var run = ours.RunAsync(container, ProcessOutput.Captured, None);
        jails.End($"{container.Id}", new ExitStatus(0));
        await Record.ExceptionAsync(() => run);

        AssertIsGone(container);
    }

    [RootFact]
    public async Task A_cancelled_run_leaves_a_container_that_has_ended()
    {
        using var cancellation = new CancellationTokenSource();
        var container = await ours.CreateAsync(Image, Spec(), "box", None);
        var run = ours.RunAsync(container, ProcessOutput.Captured, cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal((ContainerState.Exited, (int?)null), (containers.Find("box").State, containers.Find("box").ExitCode));
    }

    [RootFact]
    public async Task Another_command_stops_it_and_waits_until_the_end_is_recorded()
    {
        var container = await theirs.CreateAsync(Image, Spec() with { StopSignal = "SIGINT" }, "box", None);
        var run = theirs.RunAsync(container, ProcessOutput.Captured, None);

        await ours.StopAsync(containers.Find("box"), Grace, None);

        Assert.Equal((ContainerState.Exited, (int?)130), (containers.Find("box").State, containers.Find("box").ExitCode));
        Assert.Equal(2, (await run).Signal);
        Assert.Equal(["run sleep 1", "signal 2", "remove"], jails.Calls);
    }

    [RootFact]
    public async Task One_that_does_not_listen_is_killed_after_the_grace_time_and_not_before()
    {
        DateTimeOffset? killedAt = null;
        jails.Heeds = signal => signal == Signals.Kill ? Killed() : null;
        var container = await theirs.CreateAsync(Image, Spec(), "box", None);
        var run = theirs.RunAsync(container, ProcessOutput.Captured, None);
        var started = time.GetUtcNow();

        await ours.StopAsync(containers.Find("box"), Grace, None);

        await run;
        Assert.Equal(["run sleep 1", "signal 15", "signal 9", "remove"], jails.Calls);
        Assert.True(killedAt - started >= Grace);

        ExitStatus? Killed()
        {
            killedAt = time.GetUtcNow();
            return new ExitStatus(0, Signals.Kill);
        }
    }

    /// <summary>Between the record and the jail there is nobody yet whom the signal could reach.</summary>
    [RootFact]
    public async Task One_that_is_just_starting_is_stopped_as_soon_as_it_is_there()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        jails.Gate = gate.Task;
        var container = await theirs.CreateAsync(Image, Spec(), "box", None);
        var run = theirs.RunAsync(container, ProcessOutput.Captured, None);

        var stop = ours.StopAsync(containers.Find("box"), Grace, None);
        gate.SetResult();

        await stop;
        Assert.Equal(Signals.Terminate, (await run).Signal);
    }

    [RootFact]
    public async Task Stopping_one_that_never_ran_succeeds_at_once()
    {
        await theirs.CreateAsync(Image, Spec(), "box", None);

        await ours.StopAsync(containers.Find("box"), Grace, None);

        Assert.Equal(ContainerState.Created, containers.Find("box").State);
        Assert.Empty(jails.Calls);
    }

    [RootFact]
    public async Task Stopping_one_that_has_ended_changes_nothing()
    {
        var container = await EndedAsync();

        await ours.StopAsync(container, Grace, None);

        Assert.Equal(0, containers.Find("box").ExitCode);
    }

    [RootFact]
    public async Task Stopping_one_whose_command_was_killed_is_done_in_its_place()
    {
        var container = await LeftRunningAsync(Spec());

        await ours.StopAsync(container, Grace, None);

        Assert.Equal((ContainerState.Exited, (int?)null), (containers.Find("box").State, containers.Find("box").ExitCode));
        Assert.Contains("remove", jails.Calls);
    }

    [RootFact]
    public async Task Stopped_with_the_machine_it_stays_so_whatever_its_policy_until_the_machine_is_up()
    {
        var container = await LeftRunningAsync(Spec() with { Restart = RestartPolicy.Parse("unless-stopped") });

        await ours.StopWithMachineAsync(container, None);
        await ours.EndedAsync(container.Id, other.Id, None);

        Assert.Equal(ContainerState.Exited, containers.Find("box").State);
        Assert.Equal("box", Assert.Single(ours.DueWithMachine()).Name);
    }

    [RootFact]
    public async Task A_sweep_leaves_one_that_still_runs_without_its_command()
    {
        await LeftRunningAsync(Spec());

        await ours.SweepAsync("boot", None);

        Assert.Equal(ContainerState.Running, containers.Find("box").State);
    }

    [RootTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sweep_ends_one_that_ended_unseen(bool removeAtExit)
    {
        var container = await LeftRunningAsync(Spec() with { RemoveAtExit = removeAtExit });
        jails.End($"{container.Id}", new ExitStatus(0));

        await ours.SweepAsync("boot", None);

        if (removeAtExit)
        {
            AssertIsGone(container);
        }
        else
        {
            Assert.Equal(ContainerState.Exited, containers.Find("box").State);
        }
    }

    [RootFact]
    public async Task A_sweep_removes_one_that_was_to_go_and_was_never_started()
    {
        var container = await theirs.CreateAsync(Image, Spec() with { RemoveAtExit = true }, "box", None);
        await ours.SweepAsync("boot", None);
        Assert.Equal("box", containers.Find("box").Name);

        other.Dispose();
        await ours.SweepAsync("boot", None);

        AssertIsGone(container);
    }

    [RootFact]
    public async Task A_sweep_settles_one_that_was_only_made_once()
    {
        await theirs.CreateAsync(Image, Spec(), "box", None);
        other.Dispose();

        await ours.SweepAsync("boot", None);
        await ours.SweepAsync("boot", None);

        Assert.Equal((ContainerState.Created, ""), (containers.Find("box").State, containers.Find("box").Session));
        Assert.Equal(["remove"], jails.Calls);
    }

    [RootFact]
    public async Task One_that_is_running_or_starting_is_removed_only_by_force()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        jails.Gate = gate.Task;
        var container = await theirs.CreateAsync(Image, Spec(), "box", None);
        var run = theirs.RunAsync(container, ProcessOutput.Captured, None);

        var early = await Assert.ThrowsAsync<ContainerStateException>(() => ours.RemoveAsync(containers.Find("box"), force: false, withVolumes: false, None));
        gate.SetResult();
        await ours.RemoveAsync(containers.Find("box"), force: true, withVolumes: false, None);

        Assert.Equal("container 'box' is running; stop it first with 'kleene stop box', or use --force", early.Message);
        await run;
        AssertIsGone(container);
    }

    [RootFact]
    public async Task One_that_was_only_made_can_be_removed()
    {
        var container = await theirs.CreateAsync(Image, Spec(), "box", None);

        await ours.RemoveAsync(containers.Find("box"), force: false, withVolumes: false, None);

        AssertIsGone(container);
    }

    [RootFact]
    public async Task Removing_twice_succeeds()
    {
        var container = await EndedAsync();

        await ours.RemoveAsync(container, force: false, withVolumes: false, None);
        await ours.RemoveAsync(container, force: false, withVolumes: false, None);

        AssertIsGone(container);
    }

    [RootFact]
    public async Task What_is_not_running_cannot_be_entered_or_told_anything()
    {
        var container = await EndedAsync();

        var entered = await Assert.ThrowsAsync<ContainerStateException>(() => ours.ExecAsync(container, new JailProcess { Argv = ["sh"] }, ProcessOutput.Captured, None));
        var told = await Assert.ThrowsAsync<ContainerStateException>(() => ours.SignalAsync(container, Signals.Terminate, None));

        Assert.Equal("container 'box' is not running", entered.Message);
        Assert.Equal("container 'box' is not running", told.Message);
    }

    [RootTheory]
    [InlineData("SIGKILL", false)]
    [InlineData("SIGINT", false)]
    [InlineData("SIGHUP", true)]
    public async Task One_that_somebody_kills_is_not_to_run_any_more(string signal, bool isWanted)
    {
        var container = await LeftRunningAsync(Spec() with { StopSignal = "SIGINT" });
        containers.MarkWanted(container.Id);

        await ours.KillAsync(container, Signals.Parse(signal), None);

        Assert.Equal(isWanted, containers.Find("box").IsWanted);
    }

    [RootFact]
    public async Task It_is_found_by_name_or_by_the_beginning_of_its_id()
    {
        var container = await EndedAsync();

        Assert.Equal("box", containers.Find($"{container.Id}").Name);
        Assert.Equal("box", containers.Find($"{container.Id}"[..3]).Name);
        Assert.EndsWith("did you mean 'box'?", Assert.Throws<ContainerNotFoundException>(() => containers.Find("bax")).Message, StringComparison.Ordinal);
        Assert.Throws<ContainerNotFoundException>(() => containers.Find(""));
    }

    private static ContainerSpec Spec() => new() { Argv = ["sleep", "1"] };

    private async Task<Container> EndedAsync()
    {
        var container = await ours.CreateAsync(Image, Spec(), "box", None);
        var run = ours.RunAsync(container, ProcessOutput.Captured, None);
        jails.End($"{container.Id}", new ExitStatus(0));
        await run;
        return containers.Find("box");
    }

    /// <summary>A container whose command was killed while it ran.</summary>
    private async Task<Container> LeftRunningAsync(ContainerSpec spec)
    {
        var container = await theirs.CreateAsync(Image, spec, "box", None);
        Assert.True(containers.TryMarkRunning(container.Id, other.Id, time.GetUtcNow(), health: null));
        jails.Leave($"{container.Id}");
        other.Dispose();
        return containers.Find("box");
    }

    private string TreeOf(Container container) => folder[$"trees/{container.Id}.workspace"];

    private string[] Trees() => [.. Directory.GetDirectories(folder["trees"]).Select(path => Path.GetFileName(path))];

    private long Workspaces() => database.Query("SELECT id FROM workspaces", reader => reader.GetString(0)).Count;

    private void AssertIsGone(Container container)
    {
        Assert.Empty(containers.List());
        Assert.False(Directory.Exists(TreeOf(container)));
        Assert.Equal(0, Workspaces());
    }
}
