using System.Runtime.CompilerServices;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Checks;

/// <summary>
/// Compares what the database says with what is on the disk and in the kernel, and puts right what a crash left. The sweep that every command
/// begins with has been made by then; this looks for what that one cannot know of. Other commands may be at work meanwhile.
/// </summary>
public sealed class StoreCheck(
    Database database, StateDirectory state, Session session, SnapshotCatalog snapshots, ContainerStore containers, BuildStore builds, ContainerLifecycle lifecycle, IJailDriver jails)
{
    /// <summary>Finds and repairs, one thing after another.</summary>
    public async IAsyncEnumerable<Finding> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var problem in database.Check())
        {
            yield return new Finding($"the database is damaged: {problem}; restore '{state.Database}', or choose another --root", IsRepaired: false);
        }

        await foreach (var finding in UnsupervisedAsync(cancellationToken))
        {
            yield return finding;
        }

        await foreach (var finding in JailsAsync(cancellationToken))
        {
            yield return finding;
        }

        await foreach (var finding in TreesAsync(cancellationToken))
        {
            yield return finding;
        }

        foreach (var finding in Files())
        {
            yield return finding;
        }
    }

    /// <summary>A container that goes on although what supervised it is gone: nobody keeps what it prints, nobody will see its end.</summary>
    private async IAsyncEnumerable<Finding> UnsupervisedAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var container in containers.ListActive().Where(container => container.State == ContainerState.Running && session.IsOver(container.Session)))
        {
            await lifecycle.EndAbandonedAsync(container, cancellationToken);
            yield return new Finding($"container '{container.Name}' ran on without a supervisor, who was killed; it was ended", IsRepaired: true);
        }
    }

    private async IAsyncEnumerable<Finding> JailsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var id in jails.List())
        {
            // Asked for after the list was made: what is on its way has been announced by then.
            if (!SnapshotId.TryParse(id, out var tree) || !(snapshots.IsAnnounced(tree) || containers.TryFind(tree) is not null))
            {
                await jails.RemoveAsync(id, cancellationToken);
                yield return new Finding($"jail '{id}' belonged to nothing; it was ended", IsRepaired: true);
            }
        }
    }

    private async IAsyncEnumerable<Finding> TreesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var found = (await snapshots.Store.ListAsync(cancellationToken)).ToHashSet();
        var known = snapshots.ListTrees();
        foreach (var id in found.Where(id => !known.Contains(id)))
        {
            // One that stands below another unknown tree goes with the next check.
            string? reason = null;
            try
            {
                await snapshots.Store.RemoveAsync(id, cancellationToken);
            }
            catch (SnapshotInUseException exception)
            {
                reason = exception.Message;
            }

            yield return reason is null
                ? new Finding($"tree '{id}' belonged to nothing; it was removed", IsRepaired: true)
                : new Finding($"tree '{id}' belongs to nothing, but {reason}; run the check again", IsRepaired: false);
        }

        foreach (var id in snapshots.List().Where(id => !found.Contains(id)))
        {
            if (await IsMissingAsync(id, cancellationToken))
            {
                snapshots.Disbelieve(id);
                yield return new Finding(
                    $"the files of snapshot '@{id}' are gone; steps that led to it will run again, and images that are made of it have to be built again", IsRepaired: false);
            }
        }
    }

    private async Task<bool> IsMissingAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        try
        {
            await using var view = await snapshots.OpenAsync(id, cancellationToken);
            return false;
        }
        catch (SnapshotNotFoundException)
        {
            return true;
        }
    }

    /// <summary>Lock files of sessions that are over, and directories of containers that are gone.</summary>
    private IEnumerable<Finding> Files()
    {
        foreach (var path in Entries(state.Sessions))
        {
            var name = Path.GetFileName(path);
            if (session.IsOver(name) && !containers.ListHeld().Any(held => held.Session == name))
            {
                yield return new Finding($"session '{name}' was over; its file was removed", IsRepaired: true);
            }
        }

        foreach (var path in Entries(state.Containers))
        {
            if (SnapshotId.TryParse(Path.GetFileName(path), out var id) && containers.TryFind(id) is null)
            {
                new ContainerDirectory(state, id).Delete();
                yield return new Finding($"the log of a container that is gone, '{id}', was removed", IsRepaired: true);
            }
        }

        foreach (var path in Entries(state.Builds))
        {
            if (builds.TryFind(Path.GetFileName(path)) is null)
            {
                File.Delete(path);
                yield return new Finding($"the log of a build that is forgotten, '{Path.GetFileName(path)}', was removed", IsRepaired: true);
            }
        }
    }

    private static string[] Entries(string directory) => Directory.Exists(directory) ? Directory.GetFileSystemEntries(directory) : [];
}
