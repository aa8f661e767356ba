using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>
/// The command line by which a process is started in a jail that is there: jexec(8), which becomes the process, so that its number, its streams and its end
/// are the process's own.
/// <para>
/// jexec knows users by the image's password database only, starts all in <c>/</c>, and cannot set an environment. So it is given the environment as its own, and
/// where another user or directory is asked for it starts two programs of rescue(8) before the command, which the jail has for that: chroot(8) takes numbers,
/// sh(1) changes the directory. Both are static and need nothing of the image, which may have neither a shell nor env(1).
/// </para>
/// </summary>
internal static partial class JailCommand
{
    /// <summary>Where a jail has <see cref="FreeBsdTools.Rescue"/>.</summary>
    public const string HelperDirectory = "/.kleene";

    /// <summary>
    /// Goes to its first argument and becomes the rest. What a shell says of directories in the environment is taken away: the command did not ask for it. 126 is what a command
    /// ends with that cannot be invoked.
    /// </summary>
    private const string Enter = """cd -- "$1" || exit 126; shift; unset PWD OLDPWD; """;

    /// <summary>Takes arguments up to a hyphen into the environment, which no program outside may see.</summary>
    private const string Take = """while [ "$1" != - ]; do export "$1"; shift; done; shift; """;

    private const string Become = """exec "$@" """;

    /// <param name="name">The jail's.</param>
    /// <param name="process">With its complete environment.</param>
    public static CommandLine Of(string name, JailProcess process, JailUser user)
    {
        ImmutableArray<string> environment = [.. process.Environment, .. process.SecretEnvironment];
        var hidden = environment.Where(IsReadByHost).ToList();
        var words = new List<string> { name };
        if (!IsPlainSuperuser(process, user))
        {
            // With one group at least: without any, the process would keep the superuser's.
            var groups = string.Join(',', user.AdditionalGroups.Prepend(user.GroupId).Distinct().Select(Text));
            words.AddRange($"{HelperDirectory}/chroot", "-u", Text(user.UserId), "-g", Text(user.GroupId), "-G", groups, "/");
        }

        var directory = process.WorkingDirectory.Length > 0 ? process.WorkingDirectory : "/";
        if (hidden.Count > 0)
        {
            words.AddRange([$"{HelperDirectory}/sh", "-c", $"{Enter}{Take}{Become}".TrimEnd(), "sh", directory, .. hidden, "-"]);
        }
        else if (directory != "/")
        {
            words.AddRange([$"{HelperDirectory}/sh", "-c", $"{Enter}{Become}".TrimEnd(), "sh", directory]);
        }

        return new CommandLine(FreeBsdTools.JailExec, [.. words, .. process.Argv])
        {
            Environment = [.. environment.Where(entry => !IsReadByHost(entry))],
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>What jexec is as it stands: the superuser with the superuser's groups.</summary>
    private static bool IsPlainSuperuser(JailProcess process, JailUser user) =>
        user is { UserId: 0, GroupId: 0 } && process.Groups.IsEmpty && !process.User.Contains(':', StringComparison.Ordinal);

    /// <summary>
    /// Whether a variable decides what the host's jexec does before it enters the jail: its loader reads LD_* (rtld(1)), its C library these. An image must not have a say in that.
    /// </summary>
    private static bool IsReadByHost(string entry) => HostVariable().IsMatch(entry);

    private static string Text(uint number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A(LD_[A-Za-z0-9_]*|MALLOC_CONF|MALLOC_OPTIONS|NLSPATH|PATH_LOCALE|LOCPATH)=")]
    private static partial Regex HostVariable();
}
