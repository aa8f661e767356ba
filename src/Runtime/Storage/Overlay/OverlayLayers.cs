namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>
/// What one overlay mount is made of. Paths are relative to the store's root.
/// Source of the rules: Documentation/filesystems/overlayfs.rst and mount_api of the kernel.
/// </summary>
/// <param name="Lower">Newest first.</param>
/// <param name="Upper">Null: read-only, which takes at least two lower directories.</param>
internal sealed record OverlayLayers(IReadOnlyList<string> Lower, string? Upper = null, string? Work = null)
{
    /// <summary>No flushing at unmount; after a crash the upper directory cannot be trusted.</summary>
    public bool IsVolatile { get; init; }

    /// <summary>
    /// Said, because a kernel can be built with other defaults. Renamed directories and metadata-only copies would tie layers together
    /// by marks in them; <c>uuid=on</c> writes a mark on the upper root.
    /// </summary>
    public static IReadOnlyList<string> SwitchedOff { get; } = ["index", "metacopy", "redirect_dir", "uuid", "xino"];
}
