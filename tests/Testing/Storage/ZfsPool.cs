using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Zfs;
using Xunit;

namespace Kleene.Build.Testing.Storage;

/// <summary>
/// A pool of zfs-fuse in a file, shared by the tests of a collection. There is one daemon a host, so test runs share it: whoever comes first starts it,
/// whoever leaves no pool behind stops it, and a pool whose run has died is destroyed by the next.
/// </summary>
public sealed class ZfsPool : IAsyncLifetime
{
    private const string Purpose = "zfs";
    private const string PoolPrefix = "kleenetest";
    private const string Lock = "/tmp/kleene-test-zfs.lock";
    private const string PidFile = "/tmp/kleene-test-zfs-fuse.pid";
    private const long Size = 2L << 30;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan CommandTime = TimeSpan.FromMinutes(1);

    private readonly ProcessRunner runner = new();
    private StorageScratch? scratch;
    private int datasets;

    public IProcessRunner Runner => runner;

    public DatasetName Name { get; } = DatasetName.Parse($"{PoolPrefix}{Environment.ProcessId}");

    /// <summary>Where the pool's own file system is mounted.</summary>
    public string Path => System.IO.Path.Join(scratch?.Path ?? throw new InvalidOperationException("the machine has no zfs-fuse, so the test should have been skipped"), "mnt");

    /// <summary>A dataset for one test, and where it is mounted.</summary>
    public async Task<(DatasetName Dataset, string MountRoot)> NewDatasetAsync()
    {
        var name = $"t{Interlocked.Increment(ref datasets)}";
        await RunAsync("zfs", "create", $"{Name}/{name}");
        return (Name.Child(name), System.IO.Path.Join(Path, name));
    }

    /// <summary>Names of what is below a dataset, without the dataset's own.</summary>
    public async Task<IReadOnlyList<string>> ChildrenAsync(DatasetName dataset)
    {
        var names = await RunAsync("zfs", "list", "-H", "-o", "name", "-t", "all", "-r", dataset.ToString());
        return [.. names.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(name => name != dataset.ToString())];
    }

    public Task<string> RunAsync(string program, params string[] arguments) =>
        runner.RunToolAsync(CommandLine.Of(program, arguments) with { Timeout = CommandTime }, CancellationToken.None);

    public async Task InitializeAsync()
    {
        if (StorageNeeds.Zfs is not null)
        {
            return;
        }

        using var exclusive = await LockAsync();
        await StartDaemonAsync();
        await DestroyAbandonedAsync();

        scratch = new StorageScratch(Purpose);
        var image = System.IO.Path.Join(scratch.Path, "img");
        await using (var file = File.Create(image))
        {
            file.SetLength(Size);
        }

        await RunAsync("zpool", "create", "-o", "cachefile=none", "-m", Path, Name.ToString(), image);
    }

    public async Task DisposeAsync()
    {
        if (scratch is null)
        {
            return;
        }

        using var exclusive = await LockAsync();
        await DestroyAsync(Name.ToString());
        scratch.Remove();
        if (await PoolsAsync() is [] && File.Exists(PidFile))
        {
            await StopDaemonAsync(int.Parse(await File.ReadAllTextAsync(PidFile), System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    private async Task StartDaemonAsync()
    {
        if (await AnswersAsync())
        {
            return;
        }

        // Of a daemon that was killed: mounts that answer nothing, and a file that makes the next start fail without a word.
        foreach (var line in (await File.ReadAllLinesAsync("/proc/self/mountinfo")).Reverse().Where(line => line.Contains(" - fuse.zfs ", StringComparison.Ordinal)))
        {
            StorageScratch.Unmount(line.Split(' ')[4]);
        }

        // One that was told to end takes some seconds, and until then no other starts.
        await UntilAsync(
            () =>
            {
                File.Delete(PidFile);
                return SucceedsAsync("zfs-fuse", "-p", PidFile, "-x", "--no-kstat-mount");
            },
            "zfs-fuse does not start");
        await UntilAsync(AnswersAsync, "zfs-fuse does not answer");
    }

    private async Task StopDaemonAsync(int pid)
    {
        _ = Kill(pid, Terminate);
        await UntilAsync(async () => !await AnswersAsync(), "zfs-fuse does not end");
        File.Delete(PidFile);
    }

    private async Task DestroyAbandonedAsync()
    {
        foreach (var pool in (await PoolsAsync()).Where(pool => pool.StartsWith(PoolPrefix, StringComparison.Ordinal)))
        {
            if (!Directory.Exists($"/proc/{pool[PoolPrefix.Length..]}"))
            {
                await DestroyAsync(pool);
            }
        }

        foreach (var directory in StorageScratch.Abandoned(Purpose))
        {
            RawFiles.Remove(directory);
        }
    }

    private async Task<IReadOnlyList<string>> PoolsAsync() =>
        (await RunAsync("zpool", "list", "-H", "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>"pool is busy" passes, as for datasets: also when another test's mount namespace, which has a copy of our mounts, ends.</summary>
    private Task DestroyAsync(string pool) => UntilAsync(() => SucceedsAsync("zpool", "destroy", pool), $"pool '{pool}' cannot be destroyed");

    private Task<bool> AnswersAsync() => SucceedsAsync("zpool", "list", "-H");

    private async Task<bool> SucceedsAsync(string program, params string[] arguments)
    {
        var command = CommandLine.Of(program, arguments) with { Timeout = CommandTime };
        return (await runner.RunAsync(command, ProcessOutput.Captured, CancellationToken.None)).Exit.Success;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string otherwise)
    {
        using var timer = new PeriodicTimer(Pause);
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
            {
                throw new InvalidOperationException(otherwise);
            }

            await timer.WaitForNextTickAsync();
        }
    }

    private static async Task<FileStream> LockAsync()
    {
        FileStream? file = null;
        await UntilAsync(
            () =>
            {
                try
                {
                    file = new FileStream(Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                }
                catch (IOException)
                {
                    // Another test run holds it.
                }

                return Task.FromResult(file is not null);
            },
            $"'{Lock}' stays locked");
        return file!; // The condition above.
    }

    private const int Terminate = 15;

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "kill")]
    [System.Runtime.InteropServices.DefaultDllImportSearchPaths(System.Runtime.InteropServices.DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
