using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Containers;

/// <summary>
/// Stops the processes of a container for as long as its files are looked at. Says so in the database first: when the command that did it is
/// killed, the next one lets them go on.
/// </summary>
public sealed class ContainerFreezer(IJailDriver jails, Database database, Session session)
{
    private const string Fact = "frozen ";

    private static readonly TimeSpan ResumeTime = TimeSpan.FromSeconds(30);

    /// <summary>Until what is returned is disposed of; null when somebody else has paused the container, whose business it stays.</summary>
    /// <exception cref="JailNotRunningException">It has ended meanwhile.</exception>
    public async Task<IAsyncDisposable?> FreezeAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        database.Execute("INSERT OR REPLACE INTO facts (name, value) VALUES ($1, $2)", $"{Fact}{id}", session.Id);
        try
        {
            if (await jails.PauseAsync(id.ToString(), cancellationToken))
            {
                return new Frozen(this, id);
            }

            Forget(id);
            return null;
        }
        catch
        {
            await ResumeAsync(id);
            throw;
        }
    }

    /// <summary>Lets go on what a command stopped that did not live to do so itself. One question to the database when there is nothing.</summary>
    public async Task SweepAsync()
    {
        var left = database.Query(
            "SELECT name, value FROM facts WHERE name >= $1 AND name < $2", reader => (Id: reader.GetString(0)[Fact.Length..], Session: reader.GetString(1)), Fact, "frozen!");
        foreach (var (id, owner) in left)
        {
            if (session.IsOver(owner))
            {
                await ResumeAsync(SnapshotId.Parse(id));
            }
        }
    }

    private async Task ResumeAsync(SnapshotId id)
    {
        using var deadline = new CancellationTokenSource(ResumeTime);
        try
        {
            await jails.ResumeAsync(id.ToString(), deadline.Token);
        }
        catch (JailNotRunningException)
        {
            // Then nothing of it stands still.
        }

        Forget(id);
    }

    private void Forget(SnapshotId id) => database.Execute("DELETE FROM facts WHERE name = $1", $"{Fact}{id}");

    private sealed class Frozen(ContainerFreezer freezer, SnapshotId id) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await freezer.ResumeAsync(id);
    }
}
