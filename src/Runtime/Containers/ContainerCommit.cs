using System.Collections.Immutable;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Containers;

/// <summary>What an image of a container is to be.</summary>
public sealed record CommitRequest
{
    /// <summary>Null: it is found by its id alone.</summary>
    public ImageReference? Name { get; init; }

    /// <summary>Stands in the history; empty where there is nothing to say.</summary>
    public string Message { get; init; } = "";

    /// <summary>What becomes of the configuration that the container runs with.</summary>
    public Func<ImageConfig, ImageConfig> Change { get; init; } = config => config;

    /// <summary>Whether the processes of a running container stand still meanwhile.</summary>
    public bool Pauses { get; init; } = true;
}

/// <summary>Makes images of containers, which go on as they are. What lies on volumes is no part of them.</summary>
public sealed class ContainerCommit(ContainerTrees trees, SnapshotCatalog snapshots, ImageStore images, IJailDriver jails, ContainerFreezer freezer, TimeProvider clock)
{
    public async Task<Image> MakeAsync(Container container, CommitRequest request, CancellationToken cancellationToken)
    {
        var origin = images.WithSteps(images.Find(container.ImageId).Image);

        // What follows the last step that made files is in the image's own configuration only.
        var entry = container.Snapshot == origin.Snapshot ? null : origin.Steps.LastOrDefault(step => step.Snapshot == container.Snapshot);

        // Before anything is made: a change that cannot be is found here.
        var config = request.Change(ConfigOf(container.Spec, entry?.Config ?? origin.Config));
        var started = clock.GetTimestamp();
        var (snapshot, key) = await SnapshotAsync(container, request.Pauses, cancellationToken);
        var text = $"commit {container.Name}{(request.Message.Length > 0 ? $": {request.Message}" : "")}";
        var image = new Image
        {
            Id = SnapshotId.New().ToString(),
            Snapshot = snapshot,
            Key = key,
            Config = config,
            Created = clock.GetUtcNow(),
            Steps = [.. StepsUpTo(origin, entry), new ImageStep(text, ImageStepState.Built, snapshot, key, clock.GetElapsedTime(started), config)],
        };
        images.Add(image, request.Name is { } name ? [name] : []);
        return image;
    }

    /// <summary>A step that failed is no part of what was made of it.</summary>
    private static IEnumerable<ImageStep> StepsUpTo(Image image, ImageStep? entry) =>
        (entry is null ? image.Steps : image.Steps.Take(image.Steps.IndexOf(entry) + 1)).Where(step => step.State != ImageStepState.Failed);

    /// <summary>The image's configuration with what the container was given instead, as docker-commit(1) has it.</summary>
    private static ImageConfig ConfigOf(ContainerSpec spec, ImageConfig image)
    {
        // Where the entry point was replaced nobody knows any more where it ended; the same command comes of it either way.
        var keepsEntrypoint = spec.Argv.Length >= image.Entrypoint.Length && spec.Argv.Take(image.Entrypoint.Length).SequenceEqual(image.Entrypoint, StringComparer.Ordinal);
        ImmutableArray<string> entrypoint = keepsEntrypoint ? image.Entrypoint : [spec.Argv[0]];
        return image with
        {
            Entrypoint = entrypoint,
            Cmd = [.. spec.Argv.Skip(entrypoint.Length)],
            Env = spec.Environment,
            User = spec.User,
            WorkingDir = spec.WorkingDirectory == "/" && image.WorkingDir is "" ? "" : spec.WorkingDirectory,
            StopSignal = spec.StopSignal,
        };
    }

    private async Task<(SnapshotId Snapshot, string Key)> SnapshotAsync(Container container, bool pauses, CancellationToken cancellationToken)
    {
        await using var tree = await trees.OpenAsync(container, cancellationToken);
        var made = tree.IsRunning ? jails.MadeMountPoints(container.Id.ToString()) : [];
        (SnapshotId Snapshot, string Key) copy;
        await using (tree.IsRunning && pauses ? await FreezeAsync(container, cancellationToken) : null)
        {
            copy = await snapshots.CopyAsync(container.Id, container.Snapshot, cancellationToken);
        }

        if (made.Count == 0)
        {
            return copy;
        }

        // What the jail's mounts needed is no file of the container.
        await using var draft = await snapshots.DraftAsync(copy.Snapshot, WorkspaceUse.Container, cancellationToken);
        RemoveMade(draft.Path, made);
        var key = $"commit {draft.Id}";
        return (await draft.CommitAsync(key, replace: false, cancellationToken), key);
    }

    private async Task<IAsyncDisposable?> FreezeAsync(Container container, CancellationToken cancellationToken)
    {
        try
        {
            return await freezer.FreezeAsync(container.Id, cancellationToken);
        }
        catch (JailNotRunningException)
        {
            // It has ended: nothing writes any more.
            return null;
        }
        catch (Processes.ProcessFailedException exception)
        {
            throw new KleeneException($"the processes of container '{container.Name}' cannot be stopped meanwhile: {exception.Message}; --pause=false makes an image without that", exception);
        }
    }

    private static void RemoveMade(string path, IReadOnlyCollection<string> made)
    {
        using var root = RootedDirectory.Open(path);
        foreach (var place in made.Reverse())
        {
            UnixPath parent = Path.GetDirectoryName(place) ?? "/";
            if (root.TryStat(parent, followLink: false) is { } above && root.TryStat(place, followLink: false) is { } status
                && (status.IsDirectory ? root.List(place).IsEmpty : status is { Kind: FileKind.Regular, Size: 0 }))
            {
                root.Remove(place);
                root.SetModified(parent, above.Modified);
            }
        }
    }
}
