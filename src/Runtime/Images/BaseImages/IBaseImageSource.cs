namespace Kleene.Build.Runtime.Images.BaseImages;

/// <summary>Where the files of a base image come from: one class a method of <c>kleene image create</c>. Knows nothing of snapshots or names.</summary>
public interface IBaseImageSource
{
    /// <summary>Fills an empty tree. When it fails, what was made so far is left for the caller to remove.</summary>
    /// <param name="rootPath">The absolute path of the tree's root.</param>
    /// <exception cref="KleeneException">The source cannot be had or used; the message says what to change.</exception>
    Task<BaseImageContent> WriteAsync(string rootPath, IProgress<BaseImageProgress> progress, CancellationToken cancellationToken);
}

/// <summary>What a base image turned out to be.</summary>
/// <param name="Key">The digest of its content: making it again from the same content leads to the same builds in the cache.</param>
/// <param name="SuggestedName">A name such as <c>debian:12</c> for whoever gave none; null when the source has none.</param>
/// <param name="Config">How its containers run.</param>
/// <param name="Warnings">What could not be kept, each a sentence for the person who asked.</param>
public sealed record BaseImageContent(Digest Key, string? SuggestedName, ImageConfig Config, IReadOnlyList<string> Warnings);

/// <summary>How far it got.</summary>
/// <param name="Activity">What is being done, such as a tool's line of output.</param>
/// <param name="Done">Bytes so far.</param>
/// <param name="Total">Bytes in all, where that is known.</param>
public readonly record struct BaseImageProgress(string Activity, long Done = 0, long? Total = null);
