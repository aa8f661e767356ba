using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Containers;

/// <summary>What <c>cp</c> is to copy, found in a tree.</summary>
/// <param name="Path">Without links; a link that is copied as one is the last component.</param>
/// <param name="Name">What it is called where it arrives in a directory; empty where its contents go there (<c>DIR/.</c>, or the root).</param>
internal sealed record CopySource(RootedDirectory Root, UnixPath Path, UnixPath Name, bool IsDirectory)
{
    /// <exception cref="KleeneException">It is not there, or is no directory though it is written as one.</exception>
    public static CopySource Find(RootedDirectory root, string text, CopyRule rule)
    {
        var isWrittenAsDirectory = text.EndsWith('/') || text.EndsWith("/.", StringComparison.Ordinal) || text is "" or ".";
        var follows = isWrittenAsDirectory || rule.FollowsLink;
        if (root.TryStat(text, follows) is not { } status)
        {
            throw new KleeneException(isWrittenAsDirectory && root.TryStat(text.TrimEnd('.', '/'), followLink: true) is { IsDirectory: false }
                ? $"'{text}' is not a directory; leave out what follows its name"
                : $"there is no '{text}' to copy");
        }

        if (isWrittenAsDirectory && !status.IsDirectory)
        {
            throw new KleeneException($"'{text}' is not a directory; leave out what follows its name");
        }

        UnixPath written = text;
        var real = follows || PathLookup.Split(written).Name.IsEmpty ? root.RealPath(written) : root.RealPath(written.Parent) / written.Name;
        var name = text.EndsWith("/.", StringComparison.Ordinal) || text == "." ? UnixPath.Empty
            : PathLookup.Split(written).Name is { IsEmpty: false } own ? own
            : real.Name;
        return new CopySource(root, real, name, status.IsDirectory);
    }
}
