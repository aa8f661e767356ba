using Kleene.Build.Runtime.State;

namespace Kleene.Build.Runtime.Storage;

/// <summary>
/// Snapshots are not flushed to the disk: that would cost more than most steps. What was made just before the power went may then have
/// files without their content. After a restart of the machine such snapshots are no longer answers of the cache; their steps run again.
/// </summary>
public static class UnsettledSnapshots
{
    /// <summary>By then the kernel has written by itself: dirty_expire_centisecs and dirty_writeback_centisecs are 35 s together (proc(5)).</summary>
    private static readonly TimeSpan SettlingTime = TimeSpan.FromSeconds(60);

    /// <param name="bootId">Of the machine's present run; null where it is not known, and then nothing happens.</param>
    public static void Forget(Database database, string? bootId)
    {
        var last = database.QueryFirst("SELECT value FROM facts WHERE name = 'boot'", reader => reader.GetString(0));
        if (bootId is null || bootId == last)
        {
            return;
        }

        database.Transact(() =>
        {
            if (last is not null)
            {
                // When the power went is not known, but it was not before the newest snapshot.
                database.Execute(
                    """
                    DELETE FROM cache WHERE snapshot IN (
                        SELECT id FROM snapshots WHERE created > (SELECT max(created) FROM snapshots) - $1)
                    """,
                    (long)SettlingTime.TotalMilliseconds);
            }

            return database.Execute("INSERT OR REPLACE INTO facts (name, value) VALUES ('boot', $1)", bootId);
        });
    }
}
