using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Users;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Runtime.Containers;

/// <summary>
/// Makes of a container's record a jail that runs: its tree, its mounts, its process. Writes down that it is about to, before it does
/// anything; taking away what is left when that fails is the <see cref="ContainerSettler"/>'s work.
/// </summary>
internal sealed class ContainerStarter(
    ContainerStore containers,
    ContainerSettler settler,
    SnapshotCatalog snapshots,
    ContainerTrees trees,
    VolumeLifecycle volumes,
    NetworkLifecycle networks,
    IJailDriver jails,
    Session session,
    StateDirectory state,
    IProcessRunner processes,
    OwnCommand self,
    TimeProvider clock)
{
    private static readonly TimeSpan CleanupTime = TimeSpan.FromSeconds(30);

    /// <summary>Runs the first process as a child of ours, to its end, and settles that.</summary>
    public async Task<ExitStatus> RunAsync(Container container, ProcessOutput output, CancellationToken cancellationToken)
    {
        JailEnd? end = null;
        try
        {
            if (!containers.TryMarkRunning(container.Id, session.Id, clock.GetUtcNow(), health: null))
            {
                throw InOtherHands(container);
            }

            var tree = await AttachAsync(container, cancellationToken);
            using var mounts = await ContainerMounts.OpenAsync(container.Spec.Mounts, tree, volumes, cancellationToken);
            var (jail, ready) = await JailAsync(container, tree, mounts, cancellationToken);
            await ready;
            var exit = await jails.RunAsync(jail, output, cancellationToken);
            end = new JailEnd(exit.ShellCode, OutOfMemory: false);
            return exit;
        }
        catch (JailStartException exception)
        {
            end = new JailEnd(exception.ExitCode, OutOfMemory: false);
            throw;
        }
        finally
        {
            // Not the caller's token: what was begun is ended, cancelled or not.
            using var deadline = new CancellationTokenSource(CleanupTime);
            await settler.SettleAsync(container.Id, session.Id, end ?? new JailEnd(null, OutOfMemory: false), deadline.Token);
        }
    }

    /// <summary>Starts the first process and leaves it to a supervisor. The caller has the container's lock.</summary>
    /// <param name="attach">Whether to connect with its streams before it writes anything.</param>
    public async Task<StartedContainer> StartLockedAsync(Container container, bool attach, CancellationToken cancellationToken)
    {
        var (supervisor, held) = session.Lend();
        using (held)
        {
            if (!containers.TryMarkStarting(container, supervisor))
            {
                throw InOtherHands(container);
            }

            try
            {
                var console = await StartAsync(container, supervisor, held, attach, cancellationToken);
                return new StartedContainer(container with { Session = supervisor, State = ContainerState.Running }, console);
            }
            catch (Exception exception)
            {
                using var deadline = new CancellationTokenSource(CleanupTime);
                var code = (exception as JailStartException)?.ExitCode;
                await settler.SettleLockedAsync(container.Id, supervisor, new JailEnd(code, OutOfMemory: false), deadline.Token);
                held.Dispose();
                _ = session.IsOver(supervisor);
                throw;
            }
        }
    }

    private async Task<IJailConsole?> StartAsync(Container container, string supervisor, FileLock held, bool attach, CancellationToken cancellationToken)
    {
        var id = container.Id.ToString();
        var tree = await AttachAsync(container, cancellationToken);
        using var mounts = await ContainerMounts.OpenAsync(container.Spec.Mounts, tree, volumes, cancellationToken);
        var supervision = new JailSupervision
        {
            LogFile = new ContainerDirectory(state, container.Id).Log,
            KeepsInput = container.Spec.KeepsInput,
            // A terminal has no end of input: whoever leaves it can come back. An input that is piped in ends with its pipe.
            InputOutlivesWriter = container.Spec.KeepsInput && (container.Spec.Terminal || !attach),
            SuperviseCommand = self.With("container", "supervise", id),
            LeadCommand = self.With("container", "lead", id),
            EndCommand = self.With("container", "ended", id, supervisor),
            Environment = OwnCommand.Environment,
            Held = [held.Handle, .. mounts.Held],
        };
        if (container.Spec.Users is { } range)
        {
            // What new volumes were filled with came from the tree as it is.
            using var users = await UserNamespace.OpenAsync(range, processes, cancellationToken);
            (await snapshots.Store.AttachAsync(container.Id, users, cancellationToken)).Keep();
        }

        var (jail, ready) = await JailAsync(container, tree, mounts, cancellationToken);
        await jails.CreateAsync(jail, supervision, cancellationToken);
        var console = attach ? jails.Attach(id) : null;
        try
        {
            await ready;
            await jails.StartAsync(id, cancellationToken);
            _ = containers.TryMarkRunning(container.Id, supervisor, clock.GetUtcNow(), container.Spec.Healthcheck is null ? null : ContainerHealth.Begin);
            if (ContainerWatch.IsNeeded(container.Spec))
            {
                new ContainerDirectory(state, container.Id).BeginWatch();
                processes.Start(ContainerWatch.Command(self, container.Id, supervisor));
            }

            return console;
        }
        catch
        {
            console?.Dispose();
            throw;
        }
    }

    private async Task<string> AttachAsync(Container container, CancellationToken cancellationToken)
    {
        await trees.WaitForLookersAsync(container.Id, cancellationToken);
        var workspace = await snapshots.Store.AttachAsync(container.Id, cancellationToken);
        workspace.Keep();
        return workspace.Path;
    }

    /// <returns>The jail, and what has to end before anything runs in it.</returns>
    private async Task<(JailSpec Jail, Task Ready)> JailAsync(Container container, string tree, ContainerMounts mounts, CancellationToken cancellationToken)
    {
        var id = container.Id.ToString();
        var hostname = container.Spec.Hostname.Length > 0 ? container.Spec.Hostname : id;
        var network = await networks.RaiseAsync(container.Id, container.Spec.Network, hostname, container.Spec.ExtraHosts, cancellationToken);
        return (network.Apply(container.Spec.ToJail(id, tree) with { Mounts = mounts.Mounts }), network.Ready);
    }

    private static ContainerStateException InOtherHands(Container container) =>
        new($"container '{container.Name}' is being started or removed by another command");
}

/// <summary>A container that was started, and when it was wanted the connection with its streams.</summary>
public sealed class StartedContainer(Container container, IJailConsole? console) : IDisposable
{
    public Container Container => container;

    public IJailConsole? Console => console;

    public void Dispose() => console?.Dispose();
}
