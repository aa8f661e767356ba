using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>
/// What we keep of a jail, from before there is anything of it until after all of it has gone: its jail.conf, where its tree is, what had to be made in that. So whoever
/// comes after a crash finds what to take down.
/// </summary>
internal sealed class JailDirectory
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private JailDirectory(string directory, string id)
    {
        Id = id;
        Directory = directory;
    }

    public string Id { get; }

    public string Directory { get; }

    public string ConfFile => Path.Join(Directory, "jail.conf");

    /// <summary>Where the tree is mounted again when it is not to be written to.</summary>
    public string ReadOnlyRoot => Path.Join(Directory, "root");

    /// <summary>Where what no disk may have is mounted.</summary>
    public string Memory => Path.Join(Directory, "memory");

    public string HostsFile => Path.Join(Directory, "hosts");

    public string ResolverFile => Path.Join(Directory, "resolv.conf");

    /// <summary>Where its supervisor listens for those who attach.</summary>
    public string ConsoleSocket => Path.Join(Directory, "attach");

    /// <summary>Where it listens for what it is to do.</summary>
    public string ControlSocket => Path.Join(Directory, "control");

    /// <summary>Where it says that it listens.</summary>
    public string ReadySocket => Path.Join(Directory, "ready");

    public string SupervisionFile => Path.Join(Directory, "supervision.json");

    private string ProcessIdFile => Path.Join(Directory, "pid");

    private string NameFile => Path.Join(Directory, "name");

    private string RootFile => Path.Join(Directory, "tree");

    private string MadeFile => Path.Join(Directory, "made");

    private string LimitsFile => Path.Join(Directory, "limits");

    private string ExitFile => Path.Join(Directory, "exit");

    /// <exception cref="ArgumentException">The id cannot be a jail's.</exception>
    public static JailDirectory At(string jails, string id)
    {
        JailName.Check(id);
        return new JailDirectory(Path.Join(jails, id), id);
    }

    public bool Exists => System.IO.Directory.Exists(Directory);

    /// <summary>The name of the jail; null as long as it is not known, and then there is no jail either.</summary>
    public string? Name => ReadOrNull(NameFile);

    /// <summary>Its tree on the host; null as long as nothing was done to it.</summary>
    public string? Root => ReadOrNull(RootFile);

    /// <summary>Whether it was given limits, which outlive it.</summary>
    public bool HasLimits => File.Exists(LimitsFile);

    /// <summary>The number of its first process.</summary>
    public int? ProcessId => int.TryParse(ReadOrNull(ProcessIdFile), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>What its supervisor says of the end; null when it has not said anything.</summary>
    public JailEnd? ReadEnd() =>
        int.TryParse(ReadOrNull(ExitFile), NumberStyles.None, CultureInfo.InvariantCulture, out var code) ? new JailEnd(code, OutOfMemory: false)
        : Exists ? null
        : new JailEnd(null, OutOfMemory: false);

    /// <summary>Makes the directory; false when it is there already.</summary>
    public bool TryCreate()
    {
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(Directory)!, OwnerOnly);
        if (System.IO.Directory.Exists(Directory))
        {
            return false;
        }

        System.IO.Directory.CreateDirectory(Directory, OwnerOnly);
        return true;
    }

    public void WriteRoot(string root) => File.WriteAllText(RootFile, root);

    public void WriteMountPoints(MountPoints points) => File.WriteAllText(MadeFile, points.ToRecord());

    public IReadOnlyCollection<string> ReadMountPoints() => ReadOrNull(MadeFile) is { } record ? MountPoints.PathsOf(record) : [];

    public void WriteLimits(IEnumerable<string> rules) => File.WriteAllLines(LimitsFile, rules);

    /// <summary>Whoever can read the name may find a jail of it: it is written before there is one.</summary>
    public void WriteConf(string name, ImmutableArray<JailParameter> parameters)
    {
        File.WriteAllText(NameFile, name);
        File.WriteAllText(ConfFile, JailConf.Write(name, parameters));
    }

    public void WriteNetworkFiles(string hosts, string resolver)
    {
        File.WriteAllText(HostsFile, hosts);
        File.WriteAllText(ResolverFile, resolver);
    }

    public void WriteProcessId(int number) => Replace(ProcessIdFile, number.ToString(CultureInfo.InvariantCulture));

    public void WriteEnd(int code) => Replace(ExitFile, code.ToString(CultureInfo.InvariantCulture));

    /// <summary>Takes away what had to be made in the tree. Nothing may be mounted there any more.</summary>
    public void RemoveMountPoints()
    {
        if (ReadOrNull(MadeFile) is not { } record || Root is not { } root || RootedDirectory.TryOpen(root) is not { } tree)
        {
            return;
        }

        using (tree)
        using (var points = MountPoints.Restore(tree, record))
        {
            points.Remove();
        }
    }

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

    private static string? ReadOrNull(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllText(file, Encoding.UTF8) : null;
        }
        catch (IOException exception) when (exception is FileNotFoundException or DirectoryNotFoundException || exception.HResult == Errno.ENOENT)
        {
            // Removed between the two.
            return null;
        }
    }

    /// <summary>Whoever reads it reads all of it.</summary>
    private static void Replace(string file, string text)
    {
        File.WriteAllText(file + ".new", text);
        File.Move(file + ".new", file, overwrite: true);
    }
}
