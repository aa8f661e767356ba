using System.Collections.Immutable;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Images;

/// <summary>A snapshot with a configuration, and the names that lead to it. Metadata only: its files are the snapshot's.</summary>
public sealed record Image
{
    /// <summary>Twelve hexadecimal digits.</summary>
    public required string Id { get; init; }

    public required SnapshotId Snapshot { get; init; }

    /// <summary>The cache key of its last step: what a build that starts from the image continues from.</summary>
    public required string Key { get; init; }

    public required ImageConfig Config { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary><c>name:tag</c>, sorted; none when a newer image took them.</summary>
    public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>Whether it stays until its user lets it go, whatever is pruned or evicted.</summary>
    public bool IsPinned { get; init; }

    /// <summary>How it was made; empty for a base image.</summary>
    public ImmutableArray<ImageStep> Steps { get; init; } = [];

    /// <summary>A name where there is one, else the id.</summary>
    public string DisplayName => Names.Length > 0 ? Names[0] : Id;
}

/// <summary>One instruction in the history of an image.</summary>
/// <param name="Text">As written in the Kleenefile.</param>
/// <param name="State">What became of it.</param>
/// <param name="Snapshot">The tree after it; null when it has none.</param>
/// <param name="Key">Its cache key.</param>
/// <param name="Duration">How long it took when it ran.</param>
/// <param name="Config">The configuration at that place, for whoever enters there.</param>
/// <param name="Entry">What its command had beside that; null when it had nothing.</param>
public sealed record ImageStep(string Text, ImageStepState State, SnapshotId? Snapshot, string Key, TimeSpan Duration, ImageConfig Config, StepEntry? Entry = null);

public enum ImageStepState
{
    Built,
    Cached,
    Failed,
}

/// <summary>An image as it was asked for: whole, or entered at one of its steps.</summary>
/// <param name="Image">The image.</param>
/// <param name="Snapshot">The tree to use.</param>
/// <param name="Key">The cache key of that tree.</param>
/// <param name="Config">The configuration at that place.</param>
/// <param name="Entry">What the command of the step had beside that; null when the image is entered whole, or it had nothing.</param>
public sealed record ImageEntry(Image Image, SnapshotId Snapshot, string Key, ImageConfig Config, StepEntry? Entry = null);

/// <summary>No image has that name.</summary>
public sealed class ImageNotFoundException : KleeneException
{
    public ImageNotFoundException(string reference, string? nearest)
        : base($"there is no image '{reference}'"
            + (nearest is null ? "; 'kleene image ls' shows what there is, 'kleene image create' makes a base image" : $"; did you mean '{nearest}'?")) =>
        Reference = reference;

    /// <summary>The image is there, but not that place in it.</summary>
    public ImageNotFoundException(Image image, string snapshot)
        : base(snapshot == "dirty"
            ? $"image '{image.DisplayName}' has no '@dirty': no step of it failed, or the files of the failure were not kept"
            : $"image '{image.DisplayName}' has no {(snapshot.All(char.IsAsciiDigit) ? "step or " : "")}snapshot '@{snapshot}'; 'kleene image history {image.DisplayName}' shows those it has") =>
        Reference = $"{image.DisplayName}@{snapshot}";

    public string Reference { get; }
}

/// <summary>The beginning of an id fits several things.</summary>
public sealed class AmbiguousReferenceException(string reference, IEnumerable<string> candidates)
    : KleeneException($"'{reference}' fits several: {string.Join(", ", candidates)}; write more of the id");

/// <summary>An image is still needed.</summary>
public sealed class ImageInUseException(string reference, string reason) : KleeneException($"image '{reference}' is in use: {reason}");
