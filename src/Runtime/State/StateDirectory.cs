using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.State;

/// <summary>Where everything is kept: the database, the trees, and what running commands need. Only its owner may look inside.</summary>
public sealed class StateDirectory
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The superuser's, when nobody says otherwise.</summary>
    public const string SystemRoot = "/var/lib/kleene";

    private StateDirectory(string root) => Root = root;

    public string Root { get; }

    public string Database => Path.Join(Root, "kleene.db");

    /// <summary>Lock files of the commands that are running; see <see cref="Session"/>.</summary>
    public string Sessions => Path.Join(Root, "sessions");

    /// <summary>What is remembered of build contexts. Only a cache: it may be removed at any time.</summary>
    public string Contexts => Path.Join(Root, "contexts");

    /// <summary>A directory for each container: its lock and its log. Its tree is the storage driver's.</summary>
    public string Containers => Path.Join(Root, "containers");

    /// <summary>Lock files of volumes; their trees are the storage driver's.</summary>
    public string Volumes => Path.Join(Root, "volumes");

    /// <summary>Lock files of the steps that are running; see <see cref="StepLocks"/>.</summary>
    public string Steps => Path.Join(Root, "steps");

    /// <summary>What the commands of builds printed, a file each.</summary>
    public string Builds => Path.Join(Root, "builds");

    /// <summary>Files that ADD fetched. Only a cache as well.</summary>
    public string Downloads => Path.Join(Root, "downloads");

    /// <summary>The trees of a storage driver.</summary>
    public string Trees(string driver) => Path.Join(Root, driver);

    /// <summary>Opens the directory, making it first when there is none.</summary>
    /// <exception cref="KleeneException">It cannot be made, written, or others may write to it.</exception>
    public static StateDirectory Open(string root)
    {
        var state = new StateDirectory(Path.GetFullPath(root));
        try
        {
            if (!Directory.Exists(state.Root))
            {
                Directory.CreateDirectory(state.Root, OwnerOnly);
            }
            else if ((File.GetUnixFileMode(state.Root) & ~OwnerOnly) != 0)
            {
                throw new KleeneException(
                    $"state directory '{state.Root}' is open to others (mode {Convert.ToString((int)File.GetUnixFileMode(state.Root), 8)}); "
                    + $"run 'chmod 700 {state.Root}' or choose another with --root");
            }
            else if (Environment.IsPrivilegedProcess && OwnerOf(state.Root) is var owner and not 0)
            {
                // Its owner could change under our hands what the superuser then runs.
                throw new KleeneException($"state directory '{state.Root}' belongs to another user ({owner}); run 'chown 0 {state.Root}' or choose another with --root");
            }

            return state;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw state.Unusable(exception);
        }
    }

    /// <summary>Says in one sentence why nothing can be kept here.</summary>
    public KleeneException Unusable(Exception exception)
    {
        var reason = exception switch
        {
            UnauthorizedAccessException => "permission denied; run as the superuser",
            { HResult: Errno.EROFS } => "the file system is read-only",
            { HResult: Errno.ENOSPC } => "no space left on device",
            _ => exception.Message,
        };
        return new KleeneException($"state directory '{Root}' cannot be used: {reason}, or choose another with --root", exception);
    }

    private static uint OwnerOf(string directory)
    {
        using var opened = RootedDirectory.Open(directory);
        return opened.Stat(UnixPath.Empty, followLink: true).Owner.User;
    }
}
