using System.Globalization;
using System.Text;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// The runtime that is still making a jail for a process of ours that has been killed. Nobody waits for it, and nothing of the jail may be taken away
/// before it is gone: it would go on, or hang.
/// </summary>
internal static class StartingRuntime
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(5);
    private const int MostLooks = 400;

    /// <summary>Kills it and returns when it is gone. There is none where the runtime has written the number of the jail's first process, which it does last.</summary>
    public static async Task KillAsync(Bundle bundle)
    {
        if (File.Exists(bundle.ProcessIdFile))
        {
            return;
        }

        for (var look = 0; look < MostLooks && Find(bundle.Directory) is { Count: > 0 } found; look++)
        {
            found.ForEach(pid => NativeMethods.kill(pid, Signals.Kill));
            await Task.Delay(LookInterval);
        }
    }

    /// <summary>What was started with this bundle: the runtime, and its half of the jail that has yet to become the command.</summary>
    private static List<int> Find(string bundle)
    {
        var found = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Words(Path.Join(directory, "cmdline")).SkipWhile(word => word != "--bundle").Skip(1).FirstOrDefault() == bundle)
            {
                found.Add(pid);
            }
        }

        return found;
    }

    private static string[] Words(string file)
    {
        try
        {
            // Of one that has ended and that nobody has waited for yet there is nothing to read.
            return File.ReadAllText(file, Encoding.UTF8).Split('\0');
        }
        catch (IOException)
        {
            // It ended while we looked.
            return [];
        }
    }
}
