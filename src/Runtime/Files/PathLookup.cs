using System.Runtime.InteropServices;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Files;

/// <summary>
/// Finds the directory that the last component of a path is in, inside a root. The resolver follows links up to there; a link in
/// the last component is followed here, by its text, so that whoever opens or makes the file can refuse any link at all.
/// </summary>
internal sealed class PathLookup(SafeFileHandle root, IDirectoryResolver resolver)
{
    public SafeFileHandle? Open(UnixPath path, LinkRule links) => resolver.Open(root, path, links);

    /// <summary>The open directory of a path's last component; the component itself need not exist.</summary>
    public Place? TryLocate(UnixPath path, bool followLast)
    {
        for (var links = 0; links <= StepwiseResolver.MaximumLinks; links++)
        {
            var (parent, name) = Split(path);
            if (resolver.Open(root, parent, LinkRule.InsideRoot) is not { } directory)
            {
                return null;
            }

            if (name.IsEmpty || !followLast || FileCalls.ReadLink(directory, name.Terminated) is not { } target)
            {
                return new Place(directory, name);
            }

            directory.Dispose();
            path = Follow(parent, target);
        }

        Marshal.SetLastPInvokeError(Errno.ELOOP);
        return null;
    }

    /// <summary>The path without links and dots, relative to the root; what it names exists.</summary>
    public UnixPath RealPath(UnixPath path)
    {
        var asked = path;
        for (var links = 0; links <= StepwiseResolver.MaximumLinks; links++)
        {
            var (parent, name) = Split(path);
            using var directory = StepwiseResolver.Open(root, parent, LinkRule.InsideRoot, out var realParent) ?? throw FileOperationException.Last("find", asked);
            if (name.IsEmpty)
            {
                return realParent;
            }

            if (FileCalls.ReadLink(directory, name.Terminated) is not { } target)
            {
                return FileCalls.TryStat(directory, name.Terminated, out _) ? realParent / name : throw FileOperationException.Last("find", asked);
            }

            path = Follow(realParent, target);
        }

        throw new FileOperationException("find", asked, Errno.ELOOP);
    }

    /// <summary>The path, or where it leads if it is a link: then a path that is none itself and need not exist.</summary>
    public UnixPath FollowLinks(UnixPath path)
    {
        var asked = path;
        for (var links = 0; links <= StepwiseResolver.MaximumLinks; links++)
        {
            var (parent, name) = Split(path);
            if (name.IsEmpty || resolver.Open(root, parent, LinkRule.InsideRoot) is not { } directory)
            {
                return path;
            }

            using (directory)
            {
                if (FileCalls.ReadLink(directory, name.Terminated) is not { } target)
                {
                    return path;
                }

                path = Follow(parent, target);
            }
        }

        throw new FileOperationException("find", asked, Errno.ELOOP);
    }

    /// <summary>The last component apart; empty when the path ends in the root, <c>.</c> or <c>..</c>, which only a directory does.</summary>
    public static (UnixPath Parent, UnixPath Name) Split(UnixPath path)
    {
        var name = path.Name;
        return name.IsEmpty || name.Bytes.SequenceEqual("."u8) || name.Bytes.SequenceEqual(".."u8) ? (path, default) : (path.Parent, name);
    }

    public static UnixPath Follow(UnixPath directory, ReadOnlySpan<byte> target) =>
        target is [(byte)'/', ..] ? UnixPath.FromBytes(target) : directory.Append(target);
}

/// <summary>An open directory and the NUL-terminated name of something in it.</summary>
internal readonly struct Place(SafeFileHandle directory, UnixPath name) : IDisposable
{
    public SafeFileHandle Directory => directory;

    public ReadOnlySpan<byte> Name => name.Terminated;

    public void Dispose()
    {
        var error = Errno.Last;
        directory.Dispose();
        Marshal.SetLastPInvokeError(error);
    }
}
