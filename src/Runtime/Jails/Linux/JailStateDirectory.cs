using System.Text;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>Where the bundles of running jails are best kept: in memory, as they are written and deleted with each step and mean nothing after a restart.</summary>
public static class JailStateDirectory
{
    private const uint Private = 0x1c0;
    private const uint Passable = 0x1c9;
    private const uint WritableByOthers = 0x12;

    private static readonly string[] Candidates = ["/run", "/dev/shm"];

    /// <summary>A directory of root's alone on a tmpfs, the same one for all processes with this root directory; inside the latter where there is none.</summary>
    /// <param name="root">The directory of all our state.</param>
    public static string For(string root)
    {
        var kept = Path.Join(root, "jails");
        if (!Environment.IsPrivilegedProcess || MemoryOf(File.ReadLines("/proc/self/mountinfo")) is not { } memory)
        {
            return kept;
        }

        var directory = Path.Join(memory, $"kleene-{NameOf(root)}");
        return IsOurs(directory, Private) ? directory : kept;
    }

    /// <summary>A directory beside one of <see cref="For"/> that everybody may pass through who knows the name of what is in it.</summary>
    /// <exception cref="JailStartException">There can be none.</exception>
    public static string PassableBeside(string directory)
    {
        var passable = RootsBeside(directory);
        return Path.GetDirectoryName(directory) is { } memory && Candidates.Contains(memory) && IsOurs(passable, Passable)
            ? passable
            : throw new JailStartException(
                JailStartFailure.Jail, $"'{passable}' cannot be a directory that a container's own users may pass: neither '/run' nor '/dev/shm' is a tmpfs, or somebody else has it; mount one, or leave '--userns=auto' out");
    }

    /// <summary>The same, there or not.</summary>
    public static string RootsBeside(string directory) => directory + ".roots";

    /// <summary>Digits by which things of one root directory are told from those of another.</summary>
    internal static string NameOf(string root) => Sha256Hasher.Hash(Encoding.UTF8.GetBytes(Path.GetFullPath(root))).Hex[..12];

    /// <summary>The first of <c>/run</c> and <c>/dev/shm</c> that is a tmpfs (proc(5): the type follows the hyphen).</summary>
    internal static string? MemoryOf(IEnumerable<string> mountInfo)
    {
        var mounted = mountInfo
            .Select(line => line.Split(' '))
            .Where(fields => Array.IndexOf(fields, "-") is var hyphen and > 4 && fields[hyphen + 1] == "tmpfs")
            .Select(fields => fields[4])
            .ToHashSet(StringComparer.Ordinal);
        return Candidates.FirstOrDefault(mounted.Contains);
    }

    /// <summary>Makes the directory. Anybody may write to /dev/shm: what stands there already must be root's own, and no link.</summary>
    private static bool IsOurs(string directory, uint permissions)
    {
        if (NativeMethods.mkdir(directory, permissions) == 0)
        {
            // Our umask may be a private person's.
            return NativeMethods.chmod(directory, permissions) == 0;
        }

        if (Errno.Last != Errno.EEXIST)
        {
            return false;
        }

        using var parent = RootedDirectory.Open(Path.GetDirectoryName(directory)!); // It is one of the candidates.
        return parent.TryStat(Path.GetFileName(directory), followLink: false) is { IsDirectory: true, Owner.User: 0 } status
            && (status.Permissions & WritableByOthers) == 0;
    }
}
