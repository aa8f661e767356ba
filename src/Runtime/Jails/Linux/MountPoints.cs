using System.Globalization;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// The directories and files that had to be made in a tree so that something can be mounted on them. They go again without a
/// trace, the times of the directories they stood in included; what the jail has written to or replaced is the jail's and stays.
/// </summary>
internal sealed class MountPoints : IDisposable
{
    /// <summary>As many as the kernel follows (path_resolution(7)).</summary>
    private const int MostLinks = 40;

    private const uint DirectoryMode = 0x1ed;
    private const uint FileMode = 0x1a4;

    private readonly RootedTree tree;
    private readonly List<MadeEntry> made = [];

    public MountPoints(RootedTree tree) => this.tree = tree;

    public bool IsEmpty => made.Count == 0;

    /// <summary>Makes a directory to mount on, and those above it, unless it is there.</summary>
    /// <exception cref="JailStartException">Something else is in its place.</exception>
    public void EnsureDirectory(string path) => Ensure(path, isDirectory: true);

    /// <summary>Makes an empty file to mount on, and the directories above it, unless it is there.</summary>
    /// <exception cref="JailStartException">Something else is in its place.</exception>
    public void EnsureFile(string path) => Ensure(path, isDirectory: false);

    /// <summary>Removes what was made, the last first.</summary>
    public void Remove()
    {
        for (var i = made.Count - 1; i >= 0; i--)
        {
            made[i].Remove();
            made[i].Dispose();
            made.RemoveAt(i);
        }
    }

    public void Dispose()
    {
        made.ForEach(entry => entry.Dispose());
        made.Clear();
    }

    /// <summary>What <see cref="Restore"/> needs to remove them from another process, should this one not live to do it.</summary>
    public string ToRecord() => string.Concat(made.Select(entry => entry.ToRecord()));

    public static MountPoints Restore(RootedTree tree, string record)
    {
        var points = new MountPoints(tree);
        foreach (var fields in record.Split('\0').Chunk(MadeEntry.FieldCount))
        {
            if (MadeEntry.FromRecord(tree, fields) is { } entry)
            {
                points.made.Add(entry);
            }
        }

        return points;
    }

    private void Ensure(string path, bool isDirectory)
    {
        var status = tree.TryGetStatus(path) ?? Make(path, isDirectory);
        if (status.IsDirectory != isDirectory)
        {
            throw new JailStartException(
                JailStartFailure.Jail,
                $"'{path}' in the image is {(isDirectory ? "not " : "")}a directory, so that nothing can be mounted there; remove it from the image");
        }
    }

    /// <summary>
    /// Walks a path from the root, follows links inside the root as the kernel would, and makes what is missing. Links that lead
    /// nowhere are common: <c>/etc/resolv.conf</c> of a systemd host points into an empty <c>/run</c>.
    /// </summary>
    private NativeMethods.FileStatus Make(string path, bool isDirectory)
    {
        var rest = new Stack<string>(Parts(path).Reverse());
        var here = new List<string>();
        var links = 0;
        while (rest.TryPop(out var name))
        {
            if (name == "..")
            {
                here.RemoveRange(Math.Max(0, here.Count - 1), Math.Min(1, here.Count));
                continue;
            }

            here.Add(name);
            using var found = tree.TryLocateWithoutLinks(PathOf(here));
            if (found is null)
            {
                MakeEntry(here, isDirectory || rest.Count > 0, path);
            }
            else if (RootedTree.StatusOf(found).IsSymbolicLink)
            {
                if (++links > MostLinks)
                {
                    throw new JailStartException(JailStartFailure.Jail, $"too many symbolic links in '{path}' of the image");
                }

                var target = RootedTree.LinkTarget(found);
                here.RemoveRange(target.StartsWith('/') ? 0 : here.Count - 1, target.StartsWith('/') ? here.Count : 1);
                foreach (var part in Parts(target).Reverse())
                {
                    rest.Push(part);
                }
            }
        }

        using var end = tree.TryLocateWithoutLinks(PathOf(here)) ?? throw NotMade(path, null);
        return RootedTree.StatusOf(end);
    }

    private void MakeEntry(List<string> parts, bool isDirectory, string wanted)
    {
        var parentPath = PathOf(parts[..^1]);
        var parent = tree.TryOpenDirectory(parentPath) ?? throw NotMade(wanted, null);
        try
        {
            var before = RootedTree.StatusOf(parent);
            var name = parts[^1];
            if (isDirectory)
            {
                if (NativeMethods.mkdirat(parent, name, DirectoryMode) != 0)
                {
                    throw NotMade(wanted, Errno.LastException($"mkdir '{name}'"));
                }
            }
            else
            {
                var descriptor = NativeMethods.openat(
                    parent, name, NativeMethods.O_WRONLY | NativeMethods.O_CREAT | NativeMethods.O_EXCL | NativeMethods.O_CLOEXEC, FileMode);
                if (descriptor < 0)
                {
                    throw NotMade(wanted, Errno.LastException($"create '{name}'"));
                }

                _ = NativeMethods.close(descriptor);
            }

            // Our umask may be a private person's; the jail's users have to get through.
            _ = NativeMethods.fchmodat(parent, name, isDirectory ? DirectoryMode : FileMode, 0);
            var status = RootedTree.TryGetStatus(parent, name) ?? throw NotMade(wanted, null);
            made.Add(new MadeEntry(parent, parentPath, name, status));
            MadeEntry.PutTimesBack(parent, before);
        }
        catch
        {
            parent.Dispose();
            throw;
        }
    }

    private static JailStartException NotMade(string path, IOException? reason) =>
        new(JailStartFailure.Jail, $"cannot make '{path}' in the image to mount on{(reason is null ? "" : $": {reason.Message}")}", reason);

    private static IEnumerable<string> Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".");

    private static string PathOf(List<string> parts) => "/" + string.Join('/', parts);

    /// <summary>One entry of ours. The open parent keeps it within reach when the jail renames a directory above.</summary>
    private sealed class MadeEntry(SafeFileHandle parent, string parentPath, string name, NativeMethods.FileStatus made) : IDisposable
    {
        public const int FieldCount = 7;

        public static MadeEntry? FromRecord(RootedTree tree, string[] fields)
        {
            var parent = fields.Length == FieldCount ? tree.TryOpenDirectory(fields[5]) : null;
            return parent is null
                ? null
                : new MadeEntry(parent, fields[5], fields[6], new NativeMethods.FileStatus
                {
                    Mode = (ushort)Field(fields[0]),
                    Inode = Field(fields[1]),
                    DeviceMajor = (uint)Field(fields[2]),
                    DeviceMinor = (uint)Field(fields[3]),
                    ModifiedNanoseconds = (uint)Field(fields[4]),
                });
        }

        public static unsafe void PutTimesBack(SafeFileHandle directory, NativeMethods.FileStatus status)
        {
            var times = stackalloc NativeMethods.TimeSpec[2];
            times[0] = new() { Seconds = status.AccessedSeconds, Nanoseconds = status.AccessedNanoseconds };
            times[1] = new() { Seconds = status.ModifiedSeconds, Nanoseconds = status.ModifiedNanoseconds };
            if (NativeMethods.futimens(directory, times) != 0)
            {
                throw Errno.LastException("futimens");
            }
        }

        public string ToRecord() => string.Create(
            CultureInfo.InvariantCulture,
            $"{made.Mode}\0{made.Inode}\0{made.DeviceMajor}\0{made.DeviceMinor}\0{made.ModifiedNanoseconds}\0{parentPath}\0{name}\0");

        public void Remove()
        {
            var before = RootedTree.StatusOf(parent);
            if (RootedTree.TryGetStatus(parent, name) is not { } now || !IsOurs(now))
            {
                return;
            }

            if (NativeMethods.unlinkat(parent, name, made.IsDirectory ? NativeMethods.AT_REMOVEDIR : 0) == 0)
            {
                PutTimesBack(parent, before);
            }
            else if (Errno.Last is not (Errno.EEXIST or Errno.ENOENT) && Errno.Last != Errno.ENOTEMPTY)
            {
                throw Errno.LastException($"remove the mount point '{name}' from the image");
            }
        }

        public void Dispose() => parent.Dispose();

        private bool IsOurs(NativeMethods.FileStatus now) =>
            now.Inode == made.Inode && now.DeviceMajor == made.DeviceMajor && now.DeviceMinor == made.DeviceMinor
            && now.Mode == made.Mode && now.UserId == made.UserId && now.GroupId == made.GroupId
            && (made.IsDirectory || (now.Size == 0 && now.ModifiedNanoseconds == made.ModifiedNanoseconds));

        private static ulong Field(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);
    }
}
