using System.Collections.Immutable;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>
/// Where a descendant of a snapshot can differ from it: overlayfs copies every directory up that something below is written to, so a
/// directory that is in none of the layers between the two is the same in both, with all that is in it.
/// </summary>
internal sealed class TouchedDirectories : IDisposable
{
    private readonly ImmutableArray<RootedDirectory> layers;

    private TouchedDirectories(ImmutableArray<RootedDirectory> layers) => this.layers = layers;

    /// <summary>Null when the later tree does not stand on the layers of the earlier one: it may differ anywhere.</summary>
    public static TouchedDirectories? Between(string root, OverlayTree before, OverlayTree after)
    {
        string[] chain = [after.Relative(after.IsWorkspace ? OverlayTree.UpperName : OverlayTree.FrozenName), .. after.ReadLower()];
        string[] whole = [before.Relative(OverlayTree.FrozenName), .. before.ReadLower()];
        var below = EndsWith(chain, whole) ? whole.Length : EndsWith(chain, before.Layers()) ? before.Layers().Length : 0;
        return below == 0 ? null : new TouchedDirectories([.. chain[..^below].Select(layer => RootedDirectory.Open(Path.Join(root, layer)))]);
    }

    /// <param name="path">Of a directory, without links.</param>
    public bool Contains(UnixPath path)
    {
        foreach (var layer in layers)
        {
            if (layer.TryStat(path, followLink: false) is { IsDirectory: true })
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose()
    {
        foreach (var layer in layers)
        {
            layer.Dispose();
        }
    }

    private static bool EndsWith(string[] chain, string[] end) => chain.Length >= end.Length && chain.AsSpan(chain.Length - end.Length).SequenceEqual(end);
}
