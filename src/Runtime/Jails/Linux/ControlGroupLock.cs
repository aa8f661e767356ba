namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// Takes the kernel's lock on control groups once before a jail needs it. A process that joins a group after a pause waits for an RCU
/// grace period, 5 to 20 ms (percpu_down_write of cgroup_threadgroup_rwsem); for some time after that the lock is had at once. Moving
/// ourselves to where we are already changes nothing but takes the lock, and it does so while we are busy with other things.
/// </summary>
internal static class ControlGroupLock
{
    private const int StackBytes = 64 * 1024;
    private static int taken;

    /// <summary>Returns at once; only the first call in a process does anything.</summary>
    public static void Anticipate()
    {
        if (Interlocked.Exchange(ref taken, 1) == 0)
        {
            new Thread(Take, StackBytes) { IsBackground = true, Name = "control groups" }.Start();
        }
    }

    /// <summary>The file that lists the processes of our own group, in the first hierarchy that has one (cgroups(7)).</summary>
    internal static string? OwnGroup(IEnumerable<string> ownGroups, Func<string, bool> exists)
    {
        foreach (var fields in ownGroups.Select(line => line.Split(':', 3)).Where(fields => fields.Length == 3))
        {
            var file = Path.Join("/sys/fs/cgroup", fields[1], fields[2], "cgroup.procs");
            if (!fields[2].Contains("..", StringComparison.Ordinal) && exists(file))
            {
                return file;
            }
        }

        return null;
    }

    private static void Take()
    {
        try
        {
            if (OwnGroup(File.ReadLines("/proc/self/cgroup"), File.Exists) is { } file)
            {
                File.WriteAllText(file, Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture));
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Only time was to be won: a group that does not take us back, or that we may not write, costs the jail its wait.
            return;
        }
    }
}
