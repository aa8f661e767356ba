using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Testing.Storage;

/// <summary>
/// A directory for one test's trees, in memory where the machine has /dev/shm. Its name holds our process id, so that what a crashed
/// run left can be told from what a running one needs.
/// </summary>
public sealed class StorageScratch
{
    private static int count;

    public StorageScratch(string purpose)
    {
        Path = System.IO.Path.Join(Place, $"kleene-test-{purpose}-{Environment.ProcessId}-{Interlocked.Increment(ref count)}");
        Directory.CreateDirectory(Path);
    }

    public static string Place { get; } = Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath().TrimEnd('/');

    public string Path { get; }

    /// <summary>Directories of that purpose whose process is gone.</summary>
    public static IEnumerable<string> Abandoned(string purpose) =>
        Directory.EnumerateDirectories(Place, $"kleene-test-{purpose}-*").Where(path => !Directory.Exists($"/proc/{Owner(path)}"));

    /// <summary>Mount points below a directory.</summary>
    public static IReadOnlyList<string> MountsBelow(string directory) =>
        [.. File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')[4]).Where(point => point.StartsWith(directory + "/", StringComparison.Ordinal))];

    /// <summary>Removes it with what a failed test left mounted in it.</summary>
    public void Remove()
    {
        foreach (var point in MountsBelow(Path).Reverse().Append(Path))
        {
            Unmount(point);
        }

        RawFiles.Remove(Path);
    }

    /// <summary>Whatever is still in use there; nothing mounted: succeeds.</summary>
    public static void Unmount(string path) => _ = NativeMethods.umount2(path, NativeMethods.MNT_DETACH);

    /// <summary>Makes a directory a shared mount of its own, which <see cref="Remove"/> takes away.</summary>
    public static void Share(string path)
    {
        Mounts.MakeShared(path);
    }

    /// <summary>Makes a directory read-only until it is unmounted.</summary>
    public static void MountReadOnly(string path)
    {
        if (NativeMethods.mount("tmpfs", path, "tmpfs", NativeMethods.MS_RDONLY, null) != 0)
        {
            throw Errno.LastException($"mount '{path}'");
        }
    }

    private static string Owner(string path) => path.Split('-')[^2];
}
