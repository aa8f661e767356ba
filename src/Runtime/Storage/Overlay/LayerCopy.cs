using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using FileNative = Kleene.Build.Runtime.Files.NativeMethods;

namespace Kleene.Build.Runtime.Storage.Overlay;

/// <summary>
/// Copies a layer as it lies on the disk. Whiteouts are device nodes, which any copy takes along; the mark of a directory that hides the one
/// below it (overlayfs.rst, "whiteouts and opaque directories") is an attribute that copies of trees leave out, as it means something in a layer only.
/// </summary>
internal static class LayerCopy
{
    private static ReadOnlySpan<byte> OpaqueMark => "trusted.overlay.opaque\0"u8;

    /// <param name="target">An empty directory.</param>
    public static void Make(RootedDirectory trees, UnixPath source, UnixPath target, CancellationToken cancellationToken)
    {
        new TreeCopier(trees, trees, owner: null, cancellationToken).CopyTree(source, target);
        foreach (var entry in TreeEntries.Of(trees, source, cancellationToken).Where(entry => entry.Status.IsDirectory))
        {
            CopyMark(trees, entry.Path, target.Append(entry.Path.Bytes[(source.Bytes.Length + 1)..]));
        }
    }

    private static unsafe void CopyMark(RootedDirectory trees, UnixPath source, UnixPath target)
    {
        Span<byte> value = stackalloc byte[16];
        fixed (byte* name = OpaqueMark, content = value)
        {
            using var from = trees.OpenDirectory(source, LinkRule.Refuse);
            var length = FileNative.fgetxattr(from, name, content, (nuint)value.Length);
            if (length < 0)
            {
                return;
            }

            using var to = trees.OpenDirectory(target, LinkRule.Refuse);
            if (FileNative.fsetxattr(to, name, content, (nuint)length, 0) != 0)
            {
                throw FileOperationException.Last("mark directory", target);
            }
        }
    }
}
