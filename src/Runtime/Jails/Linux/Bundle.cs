using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>A jail's directory on the host: what the runtime is told (<c>config.json</c>) and what it tells us.</summary>
internal sealed class Bundle
{
    private const uint Private = 0x1c0;

    private Bundle(string directory, string id)
    {
        Id = id;
        Directory = directory;
    }

    public string Id { get; }

    public string Directory { get; }

    /// <summary>Where the runtime writes the number of the jail's first process.</summary>
    public string ProcessIdFile => Path.Join(Directory, "pid");

    /// <summary>Where the runtime writes its own errors, apart from what the command prints.</summary>
    public string LogFile => Path.Join(Directory, "log");

    /// <summary>Where conmon writes its own number.</summary>
    public string SupervisorIdFile => Path.Join(Directory, "conmon.pid");

    /// <summary>Where conmon listens for those who attach.</summary>
    public string ConsoleSocket => Path.Join(Directory, "attach");

    private string ControlPipe => Path.Join(Directory, "ctl");

    /// <summary>Says a line to conmon: <c>1 ROWS COLUMNS</c> is a new size of the terminal, <c>2 0 0</c> to open the log again.</summary>
    public unsafe void Tell(string line)
    {
        // Without waiting: a supervisor that is gone reads no more, and then there is nothing to tell.
        using var pipe = NativeMethods.open(ControlPipe, NativeMethods.O_WRONLY | NativeMethods.O_NONBLOCK | NativeMethods.O_CLOEXEC, 0);
        if (!pipe.IsInvalid)
        {
            // Shorter than PIPE_BUF, so it goes as a whole or, when nobody has read for long, not at all (pipe(7)).
            var bytes = Encoding.ASCII.GetBytes($"{line}\n");
            fixed (byte* first = bytes)
            {
                _ = Processes.NativeMethods.write((int)pipe.DangerousGetHandle(), first, (nuint)bytes.Length);
            }
        }
    }

    /// <summary>What conmon says of the end; null when it has not said anything, or not yet.</summary>
    public JailEnd? ReadEnd() =>
        ReadProcessId(Path.Join(Directory, "exit")) is { } code ? new JailEnd(code, File.Exists(Path.Join(Directory, "oom")))
        : Exists ? null
        : new JailEnd(null, OutOfMemory: false);

    private string ConfigFile => Path.Join(Directory, "config.json");

    private string MountPointsFile => Path.Join(Directory, "made");

    private string RootFile => Path.Join(Directory, "root");

    /// <exception cref="ArgumentException">The id cannot be the name of a directory.</exception>
    public static Bundle At(string bundles, string id) =>
        id.Length > 0 && id[0] != '.' && id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
            ? new Bundle(Path.Join(bundles, id), id)
            : throw new ArgumentException($"'{id}' cannot be a jail's id", nameof(id));

    /// <summary>Makes the directory; false when it is there already.</summary>
    public bool TryCreate()
    {
        if (NativeMethods.mkdir(Directory, Private) == 0)
        {
            return true;
        }

        var error = Errno.Last;
        if (error == Errno.ENOENT)
        {
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(Directory)!);
            return NativeMethods.mkdir(Directory, Private) == 0 || (Errno.Last == Errno.EEXIST ? false : throw Errno.LastException($"mkdir '{Directory}'"));
        }

        return error == Errno.EEXIST ? false : throw Errno.Exception(error, $"mkdir '{Directory}'");
    }

    public bool Exists => System.IO.Directory.Exists(Directory);

    /// <summary>Whether the jail is a runtime's.</summary>
    public bool HasConfig => File.Exists(ConfigFile);

    public void WriteConfig(byte[] config) => File.WriteAllBytes(ConfigFile, config);

    /// <summary>What the jail's processes may do.</summary>
    public ProcessRights ReadRights() => ProcessRights.Read(File.ReadAllBytes(ConfigFile));

    public void WriteNetworkFiles(string hosts, string resolver, string hostname)
    {
        File.WriteAllText(Path.Join(Directory, Path.GetFileName(NetworkFiles.Hosts)), hosts);
        File.WriteAllText(Path.Join(Directory, Path.GetFileName(NetworkFiles.Resolver)), resolver);
        File.WriteAllText(Path.Join(Directory, Path.GetFileName(NetworkFiles.Hostname)), hostname + "\n");
    }

    /// <summary>Where a file of the jail's own is kept, by its place among them.</summary>
    public static string FileIn(string directory, int index) => Path.Join(directory, string.Create(CultureInfo.InvariantCulture, $"file-{index}"));

    public void WriteFiles(ImmutableArray<JailFile> files)
    {
        using var root = RootedDirectory.Open(Directory);
        for (var i = 0; i < files.Length; i++)
        {
            using var file = root.CreateFile(Path.GetFileName(FileIn(Directory, i)), files[i].Permissions, files[i].Owner);
            RandomAccess.Write(file, files[i].Content.Span, fileOffset: 0);
        }
    }

    /// <summary>What is written here is gone when the machine is off, if not before.</summary>
    /// <exception cref="JailStartException">It would be on a disk.</exception>
    public void RequireMemory()
    {
        if (MountEntry.Containing(Directory) is not { Type: "tmpfs" or "ramfs" })
        {
            throw new JailStartException(
                JailStartFailure.Jail, "secrets are kept in memory only, and neither '/run' nor '/dev/shm' is a tmpfs; mount one, as by 'mount -t tmpfs tmpfs /run'");
        }
    }

    /// <summary>Keeps what must be removed from the tree should this process not live to do it.</summary>
    public void WriteMountPoints(string root, MountPoints points)
    {
        File.WriteAllText(RootFile, root);
        File.WriteAllText(MountPointsFile, points.ToRecord());
    }

    public IReadOnlyCollection<string> ReadMountPoints() => File.Exists(MountPointsFile) ? MountPoints.PathsOf(File.ReadAllText(MountPointsFile)) : [];

    public void RemoveMountPoints()
    {
        if (!File.Exists(MountPointsFile) || RootedDirectory.TryOpen(File.ReadAllText(RootFile)) is not { } tree)
        {
            return;
        }

        using (tree)
        using (var points = MountPoints.Restore(tree, File.ReadAllText(MountPointsFile)))
        {
            points.Remove();
        }
    }

    /// <summary>The files of a process that joins the jail.</summary>
    public BundleEntry NewEntry(byte[] process)
    {
        var entry = new BundleEntry(Path.Join(Directory, $"exec-{Guid.NewGuid():N}.json"));
        File.WriteAllBytes(entry.ProcessFile, process);
        return entry;
    }

    public static int? ReadProcessId(string file) =>
        File.Exists(file) && int.TryParse(File.ReadAllText(file, Encoding.ASCII), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : null;

    /// <summary>Gone already: succeeds.</summary>
    public void Delete()
    {
        try
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another process of ours was faster.
        }
    }
}

/// <summary>What the runtime is told of a process that joins a jail, and what it tells us. Gone when this is disposed of.</summary>
internal sealed class BundleEntry(string processFile) : IDisposable
{
    public string ProcessFile => processFile;

    public string ProcessIdFile => processFile + ".pid";

    public string LogFile => processFile + ".log";

    public void Dispose()
    {
        try
        {
            File.Delete(ProcessFile);
            File.Delete(ProcessIdFile);
            File.Delete(LogFile);
        }
        catch (DirectoryNotFoundException)
        {
            // The jail has ended meanwhile, and its directory with it.
        }
    }
}
