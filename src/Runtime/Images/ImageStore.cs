using System.Collections.Immutable;
using System.Globalization;
using Kleene.Build.Runtime.State;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Images;

/// <summary>Keeps images and their names. Knows nothing of files: those are the snapshots'.</summary>
public sealed class ImageStore(Database database)
{
    /// <summary>Of a step, in digits.</summary>
    private const int LongestNumber = 3;

    private const string Columns = "SELECT i.id, i.snapshot, i.key, i.config, i.created, i.pinned FROM images AS i";

    /// <summary>Records an image and gives it its names, which are taken from whoever had them.</summary>
    public void Add(Image image, IEnumerable<ImageReference> names) =>
        database.Transact(() =>
        {
            database.Execute(
                "INSERT INTO images (id, snapshot, key, config, created) VALUES ($1, $2, $3, $4, $5)",
                image.Id,
                image.Snapshot.ToString(),
                image.Key,
                image.Config.ToJson(),
                image.Created.ToUnixTimeMilliseconds());
            for (var i = 0; i < image.Steps.Length; i++)
            {
                var step = image.Steps[i];
                database.Execute(
                    "INSERT INTO image_steps (image, position, text, state, snapshot, key, duration, config, entry) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                    image.Id,
                    i + 1,
                    step.Text,
                    StateText(step.State),
                    step.Snapshot?.ToString(),
                    step.Key,
                    (long)step.Duration.TotalMilliseconds,
                    step.Config.ToJson(),
                    step.Entry?.ToJson());
            }

            foreach (var name in names)
            {
                Tag(image.Id, name);
            }

            return image;
        });

    /// <summary>Gives an image one more name. Where it has it already, nothing is written.</summary>
    public void Tag(string imageId, ImageReference name) =>
        database.Execute(
            "INSERT INTO names (name, tag, image) VALUES ($1, $2, $3) ON CONFLICT (name, tag) DO UPDATE SET image = $3 WHERE image <> $3",
            name.Name,
            name.Tag,
            imageId);

    /// <summary>Takes a name away. Returns false when there was no such name.</summary>
    public bool Untag(ImageReference name) => database.Execute("DELETE FROM names WHERE name = $1 AND tag = $2", name.Name, name.Tag) > 0;

    /// <summary>Keeps an image whatever is pruned or evicted, or no longer.</summary>
    public void Pin(string imageId, bool isPinned) => database.Execute("UPDATE images SET pinned = $2 WHERE id = $1", imageId, isPinned ? 1 : 0);

    /// <summary>Finds what a reference means, at the step it names or at the end.</summary>
    /// <exception cref="ImageNotFoundException">Nothing has that name, or the image has no such snapshot.</exception>
    /// <exception cref="AmbiguousReferenceException">An id's beginning fits several images.</exception>
    public ImageEntry Find(string text)
    {
        var reference = ImageReference.Parse(text);
        var image = FindImage(reference) ?? throw new ImageNotFoundException(text, Nearest(reference));
        if (reference.Snapshot is null)
        {
            return new ImageEntry(image, image.Snapshot, image.Key, image.Config);
        }

        if (Step(WithSteps(image), reference.Snapshot) is { Snapshot: { } entered } step)
        {
            return new ImageEntry(image, entered, step.Key, step.Config, step.Entry);
        }

        // A base image has no steps, only the tree that it is.
        return image.Snapshot.ToString().StartsWith(reference.Snapshot, StringComparison.Ordinal)
            ? new ImageEntry(image, image.Snapshot, image.Key, image.Config)
            : throw new ImageNotFoundException(image, reference.Snapshot);
    }

    /// <summary>As <see cref="Find"/>, but null when there is no such image.</summary>
    public ImageEntry? TryFind(string text)
    {
        try
        {
            return Find(text);
        }
        catch (ImageNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The newest image with that tree and that configuration. What a failed build left is not the same: its history ends in the failure.</summary>
    public Image? FindSame(SnapshotId snapshot, ImageConfig config) =>
        database.QueryFirst(
            $"""
            {Columns} WHERE i.snapshot = $1 AND i.config = $2
                AND NOT EXISTS (SELECT 1 FROM image_steps WHERE image = i.id AND state = 'failed')
            ORDER BY i.created DESC
            """,
            Row,
            snapshot.ToString(),
            config.ToJson());

    /// <summary>Whether a container was made from it.</summary>
    public bool IsUsed(Image image) =>
        database.QueryFirst("SELECT id FROM containers WHERE image = $1", reader => reader.GetString(0), image.Id) is not null;

    /// <summary>How long a step took when it ran, as far as an image remembers that.</summary>
    /// <param name="key">The step's: several may lead to one snapshot.</param>
    public TimeSpan? DurationOf(SnapshotId snapshot, string key) =>
        database.Query("SELECT duration FROM image_steps WHERE snapshot = $1 AND key = $2 AND state = 'built' LIMIT 1", reader => reader.GetInt64(0), snapshot.ToString(), key) is [var milliseconds]
            ? TimeSpan.FromMilliseconds(milliseconds)
            : null;

    /// <summary>The image with its history.</summary>
    public Image WithSteps(Image image) => image with
    {
        Steps =
        [
            .. database.Query(
                "SELECT text, state, snapshot, key, duration, config, entry FROM image_steps WHERE image = $1 ORDER BY position",
                reader => new ImageStep(
                    reader.GetString(0),
                    Enum.Parse<ImageStepState>(reader.GetString(1), ignoreCase: true),
                    reader.IsNull(2) ? null : SnapshotId.Parse(reader.GetString(2)),
                    reader.GetString(3),
                    TimeSpan.FromMilliseconds(reader.GetInt64(4)),
                    ImageConfig.Parse(reader.GetString(5)),
                    StepEntry.Parse(reader.IsNull(6) ? null : reader.GetString(6))),
                image.Id),
        ],
    };

    /// <summary>All images, newest first.</summary>
    public IReadOnlyList<Image> List() => [.. database.Query($"{Columns} ORDER BY i.created DESC, i.id", Row).Select(WithNames)];

    /// <summary>Forgets an image. Returns the snapshots that may no longer be needed.</summary>
    /// <param name="evenPinned">Whether that it is pinned is no reason to keep it.</param>
    /// <exception cref="ImageInUseException">A container runs or ran on it, or it is pinned.</exception>
    public IReadOnlyList<SnapshotId> Remove(Image image, bool evenPinned = false) =>
        database.Transact(() =>
        {
            if (!evenPinned && database.QueryFirst("SELECT id FROM images WHERE id = $1 AND pinned", reader => reader.GetString(0), image.Id) is not null)
            {
                throw new ImageInUseException(image.DisplayName, $"it is pinned; let it go with 'kleene image unpin {image.DisplayName}', or remove it with --force");
            }

            if (database.QueryFirst("SELECT name FROM containers WHERE image = $1", reader => reader.GetString(0), image.Id) is { } container)
            {
                throw new ImageInUseException(image.DisplayName, $"container '{container}' was made from it; remove that first with 'kleene rm {container}'");
            }

            var snapshots = WithSteps(image).Steps.Select(step => step.Snapshot).OfType<SnapshotId>().Append(image.Snapshot).Reverse().Distinct().ToList();
            database.Execute("DELETE FROM images WHERE id = $1", image.Id);
            return snapshots;
        });

    private static string StateText(ImageStepState state) => state switch
    {
        ImageStepState.Built => "built",
        ImageStepState.Cached => "cached",
        _ => "failed",
    };

    /// <summary>A step by its number, by its snapshot's id or the beginning of one, or the files of a failed step by the word <c>dirty</c>.</summary>
    private static ImageStep? Step(Image image, string text)
    {
        if (text == "dirty")
        {
            return image.Steps.LastOrDefault(step => step.State == ImageStepState.Failed && step.Snapshot is not null);
        }

        // An id has a letter in it, but its beginning need not: so few digits are never taken for one.
        if (text.Length <= LongestNumber && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return image.Steps.ElementAtOrDefault(number - 1);
        }

        var fitting = image.Steps.Where(step => step.Snapshot is { } id && id.ToString().StartsWith(text, StringComparison.Ordinal)).ToList();
        return fitting.Select(step => step.Snapshot).Distinct().Count() > 1
            ? throw new AmbiguousReferenceException($"@{text}", fitting.Select(step => $"@{step.Snapshot}").Distinct())
            : fitting.LastOrDefault();
    }

    private static Image Row(RowReader reader) => new()
    {
        Id = reader.GetString(0),
        Snapshot = SnapshotId.Parse(reader.GetString(1)),
        Key = reader.GetString(2),
        Config = ImageConfig.Parse(reader.GetString(3)),
        Created = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(4)),
        IsPinned = reader.GetInt32(5) != 0,
    };

    private Image? FindImage(ImageReference reference)
    {
        var byName = database.QueryFirst(
            $"{Columns} JOIN names AS n ON n.image = i.id WHERE n.name = $1 AND n.tag = $2", Row, reference.Name, reference.Tag);
        if (byName is not null || reference.HasTag || !reference.Name.All(char.IsAsciiHexDigitLower))
        {
            return byName is null ? null : WithNames(byName);
        }

        // A range instead of LIKE, so that the primary key's index is used.
        var byId = database.Query($"{Columns} WHERE i.id >= $1 AND i.id < $2 LIMIT 10", Row, reference.Name, reference.Name + "g");
        return byId.Count switch
        {
            0 => null,
            1 => WithNames(byId[0]),
            _ => throw new AmbiguousReferenceException(reference.Name, byId.Select(image => image.Id)),
        };
    }

    /// <summary>A name for each image that has one.</summary>
    public IReadOnlyDictionary<string, string> DisplayNames() =>
        database.Query("SELECT image, min(name || ':' || tag) FROM names GROUP BY image", reader => (Id: reader.GetString(0), Name: reader.GetString(1)))
            .ToDictionary(row => row.Id, row => row.Name, StringComparer.Ordinal);

    private Image WithNames(Image image) => image with
    {
        Names = [.. database.Query("SELECT name || ':' || tag FROM names WHERE image = $1 ORDER BY 1", reader => reader.GetString(0), image.Id)],
    };

    private string? Nearest(ImageReference reference)
    {
        var wanted = string.Create(CultureInfo.InvariantCulture, $"{reference.Name}:{reference.Tag}");
        return Suggestion.Nearest(wanted, database.Query("SELECT name || ':' || tag FROM names", reader => reader.GetString(0)));
    }
}
