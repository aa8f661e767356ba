using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Users;
using Kleene.Build.Runtime.Volumes;

namespace Kleene.Build.Runtime.Containers;

/// <summary>A container's tree that is lent: by itself at <see cref="Path"/>, or as its processes see it, with all that is mounted in it.</summary>
public sealed class ContainerTree : IAsyncDisposable
{
    private static readonly TimeSpan CleanupTime = TimeSpan.FromSeconds(30);

    private readonly ContainerTrees trees;
    private readonly VolumeLifecycle volumes;
    private readonly FileLock held;
    private readonly Stack<IDisposable> opened = new();

    private readonly bool mountsForAll;

    internal ContainerTree(ContainerTrees trees, Container container, string path, bool isRunning, bool mountsForAll, VolumeLifecycle volumes, FileLock held)
    {
        this.trees = trees;
        this.volumes = volumes;
        this.held = held;
        Container = container;
        Path = path;
        IsRunning = isRunning;
        this.mountsForAll = mountsForAll;
    }

    public Container Container { get; }

    /// <summary>Where it is on the host, without volumes and the like. Whoever reads it resolves paths inside that root.</summary>
    public string Path { get; }

    /// <summary>Whether processes were at work in it when it was lent.</summary>
    public bool IsRunning { get; }

    /// <summary>Whose ids its files show as their owners; null: they show those that they have.</summary>
    public UserRange? ShownUsers => IsRunning ? Container.Spec.Users : null;

    /// <summary>Makes sure that nothing but the container's own files is there to be seen.</summary>
    /// <exception cref="ContainerStateException">It is running, and what is mounted in it is mounted in its tree.</exception>
    public void RequireUncovered()
    {
        if (IsRunning && mountsForAll)
        {
            throw new ContainerStateException($"container '{Container.Name}' is running, and what is mounted in it would be taken for files of its own; stop it first with 'kleene stop {Container.Name}'");
        }
    }

    /// <summary>
    /// The tree with its volumes and directories of the host where the container has them, read-only where it has them so; valid as long
    /// as this lives. What is memory in the container is empty here and cannot be written to.
    /// </summary>
    public async Task<RootedDirectory> OpenFilesAsync(CancellationToken cancellationToken)
    {
        var mounts = await ContainerMounts.OpenAsync(Container.Spec.Mounts, Path, volumes, cancellationToken);
        opened.Push(mounts);
        if (mounts.Mounts.IsEmpty && !Container.Spec.ReadOnlyRoot)
        {
            return Push(RootedDirectory.Open(Path));
        }

        if (mountsForAll)
        {
            // Where it runs all is mounted already, and read-only what is to be.
            return IsRunning && !Container.Spec.ReadOnlyRoot
                ? Push(RootedDirectory.Open(Path))
                : throw new ContainerStateException($"container '{Container.Name}' has volumes, or a root that is not written to, and these are mounted here only while it runs; start it, or copy what is in the volume");
        }

        if (!IsRunning)
        {
            // A container that runs has them: its jail made them, and they are the jail's.
            await trees.MakeMountPointsAsync(this, mounts.Mounts, cancellationToken);
        }

        return Push(MountedView.Open(Path, Container.Spec.ReadOnlyRoot, mounts.Mounts)).Root;
    }

    public async ValueTask DisposeAsync()
    {
        using var deadline = new CancellationTokenSource(CleanupTime);
        try
        {
            while (opened.TryPop(out var each))
            {
                each.Dispose();
            }
        }
        finally
        {
            await trees.ReleaseAsync(Container.Id, held, deadline.Token);
        }
    }

    private T Push<T>(T each)
        where T : IDisposable
    {
        opened.Push(each);
        return each;
    }
}
