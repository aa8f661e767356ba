using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Containers;

/// <summary>Containers that go on without the command that started them.</summary>
public sealed partial class ContainerLifecycleTests
{
    [RootFact]
    public async Task A_supervised_one_is_made_and_let_go_and_its_supervisor_has_it_in_hand()
    {
        var container = await StartedAsync(Spec());

        Assert.Equal(["create sleep 1", "start"], jails.Calls);
        Assert.Equal((ContainerState.Running, true), (container.State, container.IsWanted));
        Assert.NotEqual(session.Id, container.Session);
        Assert.False(session.IsOver(container.Session));
        Assert.Empty(leftBehind.Commands);
    }

    [RootFact]
    public async Task Its_end_is_written_down_by_whoever_is_called_and_nothing_of_the_run_stays()
    {
        var container = await StartedAsync(Spec());

        jails.End($"{container.Id}", new ExitStatus(3));
        await theirs.EndedAsync(container.Id, container.Session, None);

        var ended = containers.Find("box");
        Assert.Equal((ContainerState.Exited, 3, ""), (ended.State, ended.ExitCode, ended.Session));
        Assert.Equal([session.Id], Sessions());
        Assert.Equal(new JailEnd(3, OutOfMemory: false), await ours.WaitAsync(container, None));
    }

    [RootFact]
    public async Task One_that_runs_is_not_started_again()
    {
        var container = await StartedAsync(Spec());

        using var again = await theirs.StartAsync(container, attach: false, None);

        Assert.Equal(container.Session, again.Container.Session);
        Assert.Equal(["create sleep 1", "start"], jails.Calls);
    }

    [RootTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_cannot_be_started_leaves_nothing_at_whichever_step_it_fails(bool late)
    {
        var refusal = new JailStartException(JailStartFailure.NotFound, "'x' was not found");
        jails.Refusal = late ? null : refusal;
        jails.LateRefusal = late ? refusal : null;
        var container = await ours.CreateAsync(Image, Spec() with { Restart = RestartPolicy.Parse("always") }, "box", None);

        await Assert.ThrowsAsync<JailStartException>(() => ours.StartAsync(container, attach: false, None));

        var failed = containers.Find("box");
        Assert.Equal((ContainerState.Exited, 127, ""), (failed.State, failed.ExitCode, failed.Session));
        Assert.Equal([session.Id], Sessions());
        Assert.Empty(leftBehind.Commands);
    }

    [RootFact]
    public async Task Starting_one_that_is_gone_leaves_nothing_of_it()
    {
        var container = await EndedAsync();
        await ours.RemoveAsync(container, force: false, withVolumes: false, None);

        await Assert.ThrowsAsync<ContainerNotFoundException>(() => ours.StartAsync(container, attach: false, None));
        await ours.StopAsync(container, Grace, None);

        Assert.Empty(Directory.GetDirectories(state.Containers));
    }

    [RootTheory]
    [InlineData("always", 0, true)]
    [InlineData("on-failure", 0, false)]
    [InlineData("on-failure", 1, true)]
    [InlineData("unless-stopped", 0, true)]
    [InlineData("no", 1, false)]
    [InlineData("on-startup", 1, false)]
    public async Task One_that_ends_comes_back_as_its_policy_says(string policy, int code, bool again)
    {
        var container = await StartedAsync(Spec() with { Restart = RestartPolicy.Parse(policy) });

        await EndAsync(container, code);

        var now = containers.Find("box");
        Assert.Equal(again ? ContainerState.Running : ContainerState.Exited, now.State);
        Assert.Equal(again ? 1 : 0, now.Restarts);
    }

    [RootFact]
    public async Task A_bounded_policy_gives_up()
    {
        var container = await StartedAsync(Spec() with { Restart = RestartPolicy.Parse("on-failure:2") });

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(ContainerState.Running, containers.Find("box").State);
            await EndAsync(containers.Find("box"), 1);
        }

        Assert.Equal((ContainerState.Exited, 2), (containers.Find("box").State, containers.Find("box").Restarts));
        Assert.Equal(3, jails.Calls.Count(call => call == "start"));
    }

    [RootFact]
    public async Task One_that_cannot_be_started_again_is_tried_again_as_after_any_other_end()
    {
        var container = await StartedAsync(Spec() with { Restart = RestartPolicy.Parse("on-failure:4") });
        jails.Refusal = new JailStartException(JailStartFailure.Jail, "no");

        await EndAsync(container, 1);

        var now = containers.Find("box");
        Assert.Equal((ContainerState.Exited, 4, 125), (now.State, now.Restarts, now.ExitCode));
    }

    [RootTheory]
    [InlineData("always")]
    [InlineData("unless-stopped")]
    public async Task One_that_somebody_stopped_stays_stopped(string policy)
    {
        var container = await StartedAsync(Spec() with { Restart = RestartPolicy.Parse(policy) });

        await theirs.StopAsync(container, Grace, None);
        await ours.EndedAsync(container.Id, container.Session, None);
        await ours.SweepAsync("boot", None);

        Assert.Equal((ContainerState.Exited, false), (containers.Find("box").State, containers.Find("box").IsWanted));
        Assert.Empty(leftBehind.Commands);
    }

    /// <summary>Who waits to start it finds another record than the one that he made.</summary>
    [RootFact]
    public async Task Stopping_one_in_its_pause_ends_that()
    {
        var container = await StartedAsync(Spec() with { Restart = RestartPolicy.Parse("always") });
        jails.End($"{container.Id}", new ExitStatus(1));
        await ours.SweepAsync("boot", None);
        Assert.True(containers.TryMarkRestarting(container.Id, other.Id, streak: 1));
        var waiting = containers.Find("box");

        await ours.StopAsync(waiting, Grace, None);

        Assert.Equal(ContainerState.Exited, containers.Find("box").State);
        Assert.False(containers.TryMarkStarting(waiting, "another"));
    }

    [RootFact]
    public async Task One_whose_start_was_killed_in_its_pause_is_started_by_the_next_command()
    {
        var container = await StartedAsync(Spec() with { Restart = RestartPolicy.Parse("always") });
        jails.End($"{container.Id}", new ExitStatus(1));
        await ours.SweepAsync("boot", None);
        Assert.True(containers.TryMarkRestarting(container.Id, other.Id, streak: 1));
        var waiting = other.Id;
        other.Dispose();

        await ours.SweepAsync("boot", None);

        Assert.Equal(ContainerState.Exited, containers.Find("box").State);
        Assert.Equal($"kleene container ended {container.Id} {waiting}", $"{leftBehind.Commands[^1]}");
    }

    [RootFact]
    public async Task A_sweep_leaves_one_that_has_just_come_up_although_it_was_starting_when_it_looked()
    {
        var container = await StartedAsync(Spec());

        // What a command saw that asked a moment earlier.
        Assert.False(await ours.SettleAbandonedAsync(container.Id, ContainerState.Starting, container.Session, None));

        Assert.Equal(ContainerState.Running, containers.Find("box").State);
        Assert.DoesNotContain("remove", jails.Calls);
    }

    [RootFact]
    public async Task One_whose_starter_was_killed_before_it_ran_is_taken_away()
    {
        var container = await theirs.CreateAsync(Image, Spec(), "box", None);
        await theirs.LeaveAsync(container, None);
        Assert.True(containers.TryMarkStarting(containers.Find("box"), "0123"));

        await ours.SweepAsync("boot", None);

        Assert.Equal((ContainerState.Exited, ""), (containers.Find("box").State, containers.Find("box").Session));
        Assert.Contains("remove", jails.Calls);
    }

    [RootFact]
    public async Task One_without_its_supervisor_goes_on_and_is_settled_when_it_has_ended()
    {
        var container = await StartedAsync(Spec());
        jails.EndSupervisor($"{container.Id}");

        await ours.SweepAsync("boot", None);
        Assert.Equal(ContainerState.Running, containers.Find("box").State);
        jails.End($"{container.Id}", new ExitStatus(3));
        await ours.SweepAsync("boot", None);

        Assert.Equal((ContainerState.Exited, null), (containers.Find("box").State, containers.Find("box").ExitCode));
    }

    [RootFact]
    public async Task One_that_has_just_ended_and_that_nobody_has_settled_is_removed_with_its_jail()
    {
        var container = await StartedAsync(Spec());
        jails.End($"{container.Id}", new ExitStatus(3));

        await ours.RemoveAsync(containers.Find("box"), force: false, withVolumes: false, None);

        AssertIsGone(container);
        Assert.Contains("remove", jails.Calls);
        Assert.Empty(Directory.GetDirectories(state.Containers));
    }

    [RootFact]
    public async Task After_a_restart_of_the_machine_records_come_right_and_nothing_is_started()
    {
        await ours.SweepAsync("first boot", None);
        var container = await StartedAsync(Spec() with { Restart = RestartPolicy.Parse("always") });
        jails.EndSupervisor($"{container.Id}");
        jails.Forget($"{container.Id}");

        await ours.SweepAsync("second boot", None);
        await ours.SweepAsync("second boot", None);

        Assert.Equal((ContainerState.Exited, null), (containers.Find("box").State, containers.Find("box").ExitCode));
        Assert.Empty(leftBehind.Commands);
        Assert.Equal("box", ours.DueWithMachine().Single().Name);
    }

    [RootFact]
    public async Task One_that_is_looked_after_has_a_process_for_that_and_another_when_it_was_killed()
    {
        var container = await StartedAsync(Spec() with { Healthcheck = new ImageHealthcheck { Test = ["CMD", "true"] } });
        var watch = $"kleene container watch {container.Id} {container.Session}";
        Assert.Equal([watch], leftBehind.Commands.Select(command => $"{command}"));

        await theirs.SweepAsync("boot", None);
        Assert.Equal([watch, watch], leftBehind.Commands.Select(command => $"{command}"));

        using (await new ContainerDirectory(state, container.Id).LockWatchAsync(None))
        {
            await theirs.SweepAsync("boot", None);
        }

        Assert.Equal(2, leftBehind.Commands.Count);
        await EndAsync(container, 0);
        await theirs.SweepAsync("boot", None);
        Assert.Equal(2, leftBehind.Commands.Count);
    }

    private async Task<Container> StartedAsync(ContainerSpec spec)
    {
        var container = await ours.CreateAsync(Image, spec, "box", None);
        (await ours.StartAsync(container, attach: false, None)).Dispose();
        return containers.Find("box");
    }

    private async Task EndAsync(Container container, int code)
    {
        jails.End($"{container.Id}", new ExitStatus(code));
        await ours.EndedAsync(container.Id, container.Session, None);
    }

    private IEnumerable<string> Sessions() => Directory.GetFiles(state.Sessions).Select(path => Path.GetFileName(path));
}
