namespace Kleene.Build.Runtime.Images.BaseImages;

/// <summary>How containers of a base image run whose source does not say: a shell, found where a root account of any system finds it.</summary>
internal static class BaseImageDefaults
{
    public static ImageConfig Config { get; } = new()
    {
        Env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        Cmd = ["/bin/sh"],
    };

    /// <summary>A name for an image from the name of a file: <c>busybox</c> for <c>/tmp/Busybox.tar.gz</c>. Null when nothing usable is left.</summary>
    public static string? NameFrom(string fileName)
    {
        var name = Path.GetFileName(fileName.TrimEnd('/')).ToLowerInvariant();
        foreach (var suffix in (ReadOnlySpan<string>)[".gz", ".xz", ".bz2", ".zst", ".tgz", ".txz", ".tbz2", ".tbz", ".tzst", ".tar"])
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal))
            {
                name = name[..^suffix.Length];
            }
        }

        return ImageReference.TryParse(name, out var reference) && reference is { HasTag: false, Snapshot: null } ? name : null;
    }
}
