namespace Kleene.Build.Runtime.Files.Watching;

/// <summary>By listing the directories twice a second and looking at each name in them: for kernels that tell nobody. It costs what stat(2) costs, and changes are noticed that much later.</summary>
internal sealed class PolledWatch : DirectoryWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly Lock gate = new();
    private readonly ITimer timer;
    private Dictionary<string, Dictionary<UnixPath, FileStatus>> known = new(StringComparer.Ordinal);

    public PolledWatch(TimeProvider clock) => timer = clock.CreateTimer(_ => Look(), state: null, Interval, Interval);

    public override void Watch(IReadOnlyCollection<string> directories)
    {
        lock (gate)
        {
            // One that was watched before keeps what is known of it: what has changed since is still to be told.
            known = directories.Distinct(StringComparer.Ordinal).ToDictionary(
                directory => directory, directory => known.GetValueOrDefault(directory) ?? List(directory), StringComparer.Ordinal);
        }
    }

    public override void Dispose()
    {
        timer.Dispose();
        Told.TryComplete();
    }

    private void Look()
    {
        // A look that takes longer than the interval is not joined by the next.
        if (!gate.TryEnter())
        {
            return;
        }

        try
        {
            foreach (var directory in known.Keys.ToList())
            {
                var (before, now) = (known[directory], List(directory));
                known[directory] = now;
                foreach (var name in now.Where(entry => !before.TryGetValue(entry.Key, out var old) || !IsSame(old, entry.Value)).Select(entry => entry.Key).Concat(before.Keys.Where(name => !now.ContainsKey(name))))
                {
                    Told.TryWrite(new DirectoryChange(directory, name.ToString()));
                }
            }
        }
        catch (Exception exception)
        {
            // Whatever it is belongs to who reads: an exception that leaves a timer ends the process.
            Told.TryComplete(exception);
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>Nothing, where there is no directory.</summary>
    private static Dictionary<UnixPath, FileStatus> List(string directory)
    {
        var found = new Dictionary<UnixPath, FileStatus>();
        using var opened = RootedDirectory.TryOpen(directory);
        if (opened is null)
        {
            return found;
        }

        foreach (var name in opened.List(UnixPath.Empty))
        {
            if (opened.TryStat(name, followLink: false) is { } status)
            {
                found[name] = status;
            }
        }

        return found;
    }

    /// <summary>A directory's own time says what happened in it, which is told where it is watched.</summary>
    private static bool IsSame(FileStatus before, FileStatus now) =>
        before.Inode == now.Inode && before.Kind == now.Kind && (now.IsDirectory || (before.Size == now.Size && before.Modified == now.Modified && before.Changed == now.Changed));
}
