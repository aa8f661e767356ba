using System.Text;

namespace Kleene.Build.Testing.Jails;

/// <summary>What of a jail is left on the host: processes, mounts, control groups, files of its state.</summary>
public static class JailRemains
{
    /// <param name="tree">The tree it ran on.</param>
    /// <param name="id">Its id, which its control group and its bundle are named after.</param>
    /// <param name="marker">A word that stands in the command lines of its processes and nowhere else.</param>
    public static IReadOnlyList<string> Of(BusyboxTree tree, string id, string marker) =>
    [
        .. Processes(marker).Select(pid => $"process {pid}"),
        .. File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(Path.GetFileName(tree.Scratch).Replace(" ", "\\040", StringComparison.Ordinal), StringComparison.Ordinal)).Select(line => $"mount {line}"),
        .. Groups(id).Select(group => $"group {group}"),
        .. Files(Path.Join(tree.State, "bundles")),
        .. Files(Path.Join(tree.State, "runtime")).Where(path => !Path.GetFileName(path).StartsWith('.')),
    ];

    /// <summary>The numbers of the host's processes that have this word in their command line.</summary>
    public static IEnumerable<int> Processes(string marker)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out var pid) && CommandLine(directory).Contains(marker, StringComparison.Ordinal))
            {
                yield return pid;
            }
        }
    }

    private static string CommandLine(string directory)
    {
        try
        {
            return File.ReadAllText(Path.Join(directory, "cmdline"), Encoding.Latin1);
        }
        catch (IOException)
        {
            // It ended while we looked.
            return "";
        }
    }

    private static IEnumerable<string> Groups(string id) =>
        Directory.Exists("/sys/fs/cgroup")
            ? Directory.EnumerateDirectories("/sys/fs/cgroup").Append("/sys/fs/cgroup")
                .SelectMany(hierarchy => Directory.EnumerateDirectories(hierarchy, $"*{id}*", SearchOption.TopDirectoryOnly))
            : [];

    private static IEnumerable<string> Files(string directory) =>
        Directory.Exists(directory) ? Directory.EnumerateFileSystemEntries(directory) : [];
}
