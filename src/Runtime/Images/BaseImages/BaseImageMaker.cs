using Kleene.Build.Runtime.Storage;
using Kleene.Build.Runtime.Storage.Zfs;

namespace Kleene.Build.Runtime.Images.BaseImages;

/// <summary>Makes an image of files that are not the work of a build.</summary>
public sealed class BaseImageMaker(SnapshotCatalog snapshots, ImageStore images, TimeProvider clock)
{
    /// <param name="source">Where the files come from.</param>
    /// <param name="name">Null takes the one that the source suggests.</param>
    /// <returns>The image, and what could not be kept.</returns>
    /// <exception cref="KleeneException">The source cannot be used, or there is no name.</exception>
    public async Task<(Image Image, IReadOnlyList<string> Warnings)> MakeAsync(
        IBaseImageSource source, ImageReference? name, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken)
    {
        await using var draft = await snapshots.DraftAsync(null, WorkspaceUse.BuildStep, cancellationToken);
        var content = await source.WriteAsync(draft.Path, progress, cancellationToken);
        var given = name ?? (content.SuggestedName is { } suggested ? ImageReference.Parse(suggested) : throw new KleeneException("the image needs a name; give one with --tag"));

        // The content decides: making the same base again leads back to what was built on it before.
        var key = content.Key.ToString();
        var snapshot = await draft.CommitAsync(key, replace: false, cancellationToken);
        return (Add(given, snapshot, key, content.Config), content.Warnings);
    }

    /// <summary>Makes an image of a dataset of ZFS, without touching its files.</summary>
    /// <param name="import">Makes the snapshot of the given id.</param>
    public async Task<Image> ImportAsync(
        Func<IDatasetImporter, SnapshotId, CancellationToken, Task> import, ImageReference name, CancellationToken cancellationToken)
    {
        if (snapshots.Store is not IDatasetImporter importer)
        {
            throw new KleeneException($"images of datasets need the storage driver 'zfs', and this is '{snapshots.Store.Driver}'; choose it with --storage zfs:POOL/DATASET");
        }

        var (snapshot, key) = await snapshots.ImportAsync((id, token) => import(importer, id, token), cancellationToken);
        return Add(name, snapshot, key, BaseImageDefaults.Config);
    }

    private Image Add(ImageReference name, SnapshotId snapshot, string key, ImageConfig config)
    {
        if (images.FindSame(snapshot, config) is { } same)
        {
            images.Tag(same.Id, name);
            return images.Find(same.Id).Image;
        }

        var image = new Image { Id = SnapshotId.New().ToString(), Snapshot = snapshot, Key = key, Config = config, Created = clock.GetUtcNow(), Names = [name.ToString()] };
        images.Add(image, [name]);
        return image;
    }
}
