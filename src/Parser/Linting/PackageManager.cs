using System.Collections.Immutable;
using Kleene.Build.Parser.Linting.Shell;

namespace Kleene.Build.Parser.Linting;

/// <summary>A package manager of an operating system: how it fetches its index, how it installs, and where it caches.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Programs">What it is called as.</param>
/// <param name="Updates">The verbs that fetch the index.</param>
/// <param name="Installs">The verbs that install by the index.</param>
/// <param name="FetchesItself">Options with which an installation fetches the index itself.</param>
/// <param name="Caches">Directories that only one of its processes may use at a time.</param>
internal sealed record PackageManager(
    string Name,
    ImmutableArray<string> Programs,
    ImmutableArray<string> Updates,
    ImmutableArray<string> Installs,
    ImmutableArray<string> FetchesItself,
    ImmutableArray<string> Caches)
{
    public static ImmutableArray<PackageManager> All { get; } =
    [
        new("apt", ["apt-get", "apt", "aptitude"], ["update"], ["install", "upgrade", "dist-upgrade", "full-upgrade", "build-dep"], [], ["/var/cache/apt", "/var/lib/apt"]),
        new("apk", ["apk"], ["update"], ["add", "upgrade"], ["--no-cache", "-U", "--update", "--update-cache"], ["/var/cache/apk", "/etc/apk/cache"]),
        new("dnf", ["dnf", "dnf5", "microdnf", "yum"], ["makecache"], ["install"], ["--refresh"], ["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"]),
        new("zypper", ["zypper"], ["refresh", "ref"], ["install", "in"], [], ["/var/cache/zypp"]),
        new("pkg", ["pkg"], ["update"], ["install"], [], ["/var/cache/pkg"]),
        new("pacman", ["pacman"], ["-Sy", "-Syy"], ["-S"], ["-Sy", "-Syu", "-Syyu"], ["/var/cache/pacman/pkg"]),
    ];

    public static PackageManager? Of(ShellCommand command) => All.FirstOrDefault(manager => manager.Programs.Contains(command.Program));

    public bool IsUpdate(ShellCommand command) => Verbs(command).Any(Updates.Contains) || command.HasOption([.. FetchesItself]);

    /// <summary>Installs something by its name: files that lie there already need no index.</summary>
    public bool IsInstall(ShellCommand command) =>
        Verbs(command).Any(Installs.Contains)
        && command.Operands.Skip(Name == "pacman" ? 0 : 1).Any(operand => !operand.Text.StartsWith('.') && !operand.Text.StartsWith('/'));

    /// <summary>The verb; of pacman it is an option.</summary>
    private static IEnumerable<string> Verbs(ShellCommand command) => command.Words.Skip(1).Take(1).Select(word => word.Text).Append(command.Verb);
}
