using System.Globalization;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Microsoft.Win32.SafeHandles;

namespace Kleene.Build.Runtime.Jails;

/// <summary>
/// The directories and files that had to be made in a tree so that something can be mounted on them. They go again without a
/// trace, the times of the directories they stood in included; what the jail has written to or replaced is the jail's and stays.
/// </summary>
internal sealed class MountPoints : IDisposable
{
    /// <summary>As many as the kernel follows (path_resolution(7)).</summary>
    private const int MostLinks = 40;

    private readonly RootedDirectory tree;
    private readonly List<MadeEntry> made = [];

    public MountPoints(RootedDirectory tree) => this.tree = tree;

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

    public static MountPoints Restore(RootedDirectory tree, string record)
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

    /// <summary>The absolute paths in a record.</summary>
    public static IReadOnlyCollection<string> PathsOf(string record) =>
        [.. record.Split('\0').Chunk(MadeEntry.FieldCount).Where(fields => fields.Length == MadeEntry.FieldCount).Select(fields => Path.Join(fields[4], fields[5]))];

    private void Ensure(string path, bool isDirectory)
    {
        var status = tree.TryStat(path, followLink: true) ?? Make(path, isDirectory);
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
    private FileStatus Make(string path, bool isDirectory)
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
            var found = tree.TryStat(PathOf(here), followLink: false);
            if (found is null)
            {
                MakeEntry(here, isDirectory || rest.Count > 0, path);
            }
            else if (found is { Kind: FileKind.SymbolicLink })
            {
                if (++links > MostLinks)
                {
                    throw new JailStartException(JailStartFailure.Jail, $"too many symbolic links in '{path}' of the image");
                }

                var target = tree.ReadLink(PathOf(here)).ToString();
                here.RemoveRange(target.StartsWith('/') ? 0 : here.Count - 1, target.StartsWith('/') ? here.Count : 1);
                foreach (var part in Parts(target).Reverse())
                {
                    rest.Push(part);
                }
            }
        }

        return tree.TryStat(PathOf(here), followLink: false) ?? throw NotMade(path, null);
    }

    private void MakeEntry(List<string> parts, bool isDirectory, string wanted)
    {
        var parentPath = PathOf(parts[..^1]);
        var parent = tree.TryOpenDirectory(parentPath, LinkRule.Refuse) ?? throw NotMade(wanted, null);
        try
        {
            var before = StatusOf(parent, parentPath);
            UnixPath name = parts[^1];
            var permissions = isDirectory ? PermissionBits.Directory : PermissionBits.File;
            if (!(isDirectory ? FileCalls.MakeDirectory(parent, name.Terminated, permissions) : TryMakeFile(parent, name, permissions)))
            {
                throw NotMade(wanted, FileOperationException.Last("create", name));
            }

            // Our umask may be a private person's; the jail's users have to get through.
            _ = FileCalls.SetMode(parent, name.Terminated, permissions);
            var status = FileCalls.TryStat(parent, name.Terminated, out var there) ? there : throw NotMade(wanted, null);
            made.Add(new MadeEntry(parent, parentPath, name, status));
            MadeEntry.PutTimesBack(parent, before, parentPath);
        }
        catch
        {
            parent.Dispose();
            throw;
        }
    }

    private static bool TryMakeFile(SafeFileHandle parent, UnixPath name, uint permissions)
    {
        using var file = FileCalls.Open(parent, name.Terminated, Abi.O_WRONLY | Abi.O_CREAT | Abi.O_EXCL, permissions);
        return file is not null;
    }

    private static FileStatus StatusOf(SafeFileHandle directory, UnixPath path) =>
        FileCalls.TryStat(directory, out var status) ? status : throw FileOperationException.Last("find", path);

    private static JailStartException NotMade(string path, KleeneException? reason) =>
        new(JailStartFailure.Jail, $"cannot make '{path}' in the image to mount on{(reason is null ? "" : $": {reason.Message}")}", reason);

    private static IEnumerable<string> Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".");

    private static string PathOf(List<string> parts) => "/" + string.Join('/', parts);

    /// <summary>One entry of ours. The open parent keeps it within reach when the jail renames a directory above.</summary>
    private sealed class MadeEntry(SafeFileHandle parent, string parentPath, UnixPath name, FileStatus made) : IDisposable
    {
        public const int FieldCount = 6;

        public static MadeEntry? FromRecord(RootedDirectory tree, string[] fields)
        {
            var parent = fields.Length == FieldCount ? tree.TryOpenDirectory(fields[4], LinkRule.Refuse) : null;
            return parent is null
                ? null
                : new MadeEntry(parent, fields[4], fields[5], new FileStatus
                {
                    Mode = (uint)Field(fields[0].Split(' ')[0]),
                    Owner = OwnerIn(fields[0]),
                    Inode = Field(fields[1]),
                    Device = Field(fields[2]),
                    Modified = new FileTime(0, (uint)Field(fields[3])),
                });
        }

        public static void PutTimesBack(SafeFileHandle directory, in FileStatus status, UnixPath path)
        {
            if (!FileCalls.SetTimes(directory, status))
            {
                throw FileOperationException.Last("set the time of", path);
            }
        }

        public string ToRecord() => string.Create(
            CultureInfo.InvariantCulture,
            $"{made.Mode} {made.Owner.User} {made.Owner.Group}\0{made.Inode}\0{made.Device}\0{made.Modified.Nanoseconds}\0{parentPath}\0{name}\0");

        public void Remove()
        {
            var before = StatusOf(parent, parentPath);
            if (!FileCalls.TryStat(parent, name.Terminated, out var now) || !IsOurs(now))
            {
                return;
            }

            if (FileCalls.Unlink(parent, name.Terminated, made.IsDirectory))
            {
                PutTimesBack(parent, before, parentPath);
            }
            else if (Errno.Last is not (Errno.EEXIST or Errno.ENOENT) && Errno.Last != Errno.ENOTEMPTY)
            {
                throw FileOperationException.Last("remove the mount point", (UnixPath)parentPath / name);
            }
        }

        public void Dispose() => parent.Dispose();

        private bool IsOurs(in FileStatus now) =>
            now.Inode == made.Inode && now.Device == made.Device && now.Mode == made.Mode && now.Owner == made.Owner
            && (made.IsDirectory || (now.Size == 0 && now.Modified.Nanoseconds == made.Modified.Nanoseconds));

        /// <summary>After the mode; the superuser's where nothing is said.</summary>
        private static FileOwner OwnerIn(string field) =>
            field.Split(' ') is [_, var user, var group] ? new FileOwner((uint)Field(user), (uint)Field(group)) : FileOwner.Root;

        private static ulong Field(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);
    }
}
