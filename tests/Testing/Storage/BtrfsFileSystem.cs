using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Storage;
using Xunit;

namespace Kleene.Build.Testing.Storage;

/// <summary>A btrfs file system on a loop device, shared by the tests of a collection. Mounted at <see cref="Path"/>.</summary>
public sealed class BtrfsFileSystem : IAsyncLifetime
{
    private const string Purpose = "btrfs";
    private const long Size = 1L << 30;

    private readonly ProcessRunner runner = new();
    private StorageScratch? scratch;
    private int directories;

    /// <summary>Where it is mounted.</summary>
    public string Path => System.IO.Path.Join(Scratch.Path, "mnt");

    private StorageScratch Scratch => scratch ?? throw new InvalidOperationException("the machine has no btrfs, so the test should have been skipped");

    /// <summary>A directory for one test.</summary>
    public string NewDirectory() => System.IO.Path.Join(Path, $"test {Interlocked.Increment(ref directories)}");

    public async Task InitializeAsync()
    {
        if (StorageNeeds.Btrfs is not null)
        {
            return;
        }

        foreach (var abandoned in StorageScratch.Abandoned(Purpose))
        {
            StorageScratch.Unmount(System.IO.Path.Join(abandoned, "mnt"));
            RawFiles.Remove(abandoned);
        }

        scratch = new StorageScratch(Purpose);
        var image = System.IO.Path.Join(scratch.Path, "img");
        await using (var file = File.Create(image))
        {
            file.SetLength(Size);
        }

        Directory.CreateDirectory(Path);
        await runner.RunToolAsync(CommandLine.Of("mkfs.btrfs", "-q", image), CancellationToken.None);

        // The loop device lets go of the image by itself at the unmount.
        await runner.RunToolAsync(CommandLine.Of("mount", "-o", "loop", image, Path), CancellationToken.None);
    }

    public Task DisposeAsync()
    {
        if (scratch is not null)
        {
            StorageScratch.Unmount(Path);
            scratch.Remove();
        }

        return Task.CompletedTask;
    }
}
