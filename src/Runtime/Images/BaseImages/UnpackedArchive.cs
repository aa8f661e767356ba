using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Images.BaseImages;

/// <summary>Looks at what came out of an archive: whether it is a root file system, and what of it was lost.</summary>
internal static class UnpackedArchive
{
    /// <exception cref="KleeneException">It holds layers, as archives of images do, not files.</exception>
    public static IReadOnlyList<string> Inspect(ExtractionResult result, string rootPath)
    {
        using var root = RootedDirectory.Open(rootPath);
        if (Has(root, "oci-layout") || (Has(root, "manifest.json") && !Has(root, "etc") && !Has(root, "usr") && !Has(root, "bin")))
        {
            throw new KleeneException("this is an archive of an image with its layers, which cannot be read yet; give a tar archive of a root file system");
        }

        var warnings = new List<string>();
        if (result.Entries == 0)
        {
            warnings.Add("the archive is empty, and so is the image");
        }

        if (result.XattrsLost > 0)
        {
            warnings.Add(
                $"{result.XattrsLost} extended attributes could not be kept in this store; programs that rely on file capabilities "
                + "(ping, for one) may need the superuser");
        }

        return warnings;
    }

    private static bool Has(RootedDirectory root, string name) => root.TryStat(name, followLink: false) is not null;
}
