using System.Collections.Immutable;
using System.Globalization;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Fetching;

/// <summary>
/// Fetches trees with the git(1) of the system. It gets an environment of its own: no configuration of the machine or the user, no
/// hooks, no questions, and no transports but those of the network, whatever a repository asks for.
/// </summary>
public sealed class GitClient(IProcessRunner processes)
{
    private const int Sha1Length = 40;
    private const int Sha256Length = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    /// <summary>How the network and the keys of ssh are reached; all else of our environment stays here.</summary>
    private static readonly string[] Inherited =
        ["http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR"];

    private static readonly ImmutableArray<string> Safe =
    [
        .. CommandLine.ToolEnvironment,
        "HOME=/nonexistent",
        "GIT_CONFIG_NOSYSTEM=1",
        "GIT_CONFIG_GLOBAL=/dev/null",
        "GIT_ATTR_NOSYSTEM=1",
        "GIT_TERMINAL_PROMPT=0",
        "GIT_ASKPASS=/bin/false",
        "GIT_ALLOW_PROTOCOL=http:https:git:ssh",
        "GIT_SSH_COMMAND=ssh -o BatchMode=yes -o ConnectTimeout=60",
        .. Inherited.Where(name => Environment.GetEnvironmentVariable(name) is not null).Select(name => $"{name}={Environment.GetEnvironmentVariable(name)}"),
    ];

    /// <summary>Given to every call: no programs of the repository run, and a server that sends nothing for a minute is given up.</summary>
    private static readonly ImmutableArray<string> Settings =
        ["-c", "core.hooksPath=/dev/null", "-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=60", "-c", "advice.detachedHead=false", "-c", "init.defaultBranch=main"];

    /// <summary>The id of the commit that is meant now. Asks the server, unless the source names a commit.</summary>
    /// <exception cref="KleeneException">The repository cannot be reached, has no such reference, or it is another commit than the checksum says.</exception>
    public async Task<string> ResolveAsync(GitSource source, CancellationToken cancellationToken)
    {
        Validate(source);
        var commit = IsCommit(source.Reference) ? source.Reference : await AskAsync(source, cancellationToken);
        return commit.StartsWith(source.Checksum, StringComparison.OrdinalIgnoreCase)
            ? commit
            : throw new KleeneException($"'{source.Shown}' is not the commit that --checksum asks for: it is {commit}, not {source.Checksum}");
    }

    /// <summary>
    /// Puts the files of a commit into an empty directory: directories and programs with mode 0755, other files with 0644, all with the
    /// time of the commit.
    /// </summary>
    /// <returns>The directory that holds what is wanted: <paramref name="directory"/>, or one below it.</returns>
    /// <exception cref="KleeneException">The commit cannot be fetched or has no such directory.</exception>
    public async Task<string> CheckOutAsync(GitSource source, string commit, string directory, CancellationToken cancellationToken)
    {
        Validate(source);
        var tree = Path.Join(directory, "tree");
        Directory.CreateDirectory(tree);
        var format = commit.Length == Sha256Length ? "sha256" : "sha1";
        await RunAsync(source, tree, cancellationToken, "init", "--quiet", "--template=", $"--object-format={format}");
        await RunAsync(source, tree, cancellationToken, "remote", "add", "--", "origin", source.Remote);
        await FetchAsync(source, commit, tree, cancellationToken);
        await RunAsync(source, tree, cancellationToken, "checkout", "--quiet", "--detach", commit);
        if (source.TakesSubmodules && File.Exists(Path.Join(tree, ".gitmodules")))
        {
            await RunAsync(source, tree, cancellationToken, "submodule", "--quiet", "update", "--init", "--recursive", "--depth=1");
        }

        var time = (await RunAsync(source, tree, cancellationToken, "log", "-1", "--format=%ct", commit)).Trim();
        if (source.KeepsHistory)
        {
            // Of whoever fetched and when, nothing that the repository itself has.
            File.Delete(Path.Join(tree, ".git", "FETCH_HEAD"));
            File.Delete(Path.Join(tree, ".git", "ORIG_HEAD"));
            await RunAsync(source, tree, cancellationToken, "reflog", "expire", "--all", "--expire=now");
        }

        var modified = new FileTime(long.Parse(time, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture), 0);
        using var root = RootedDirectory.Open(tree);
        if (!source.KeepsHistory)
        {
            root.RemoveTree(".git", cancellationToken);
        }

        TreeStamp.Apply(root, modified, CheckedOut);
        return Find(source, root);
    }

    /// <summary>The last commit that changed a file of a working copy, whether or not the file is still there. Changes nothing, not even the index.</summary>
    /// <param name="directory">In the working copy.</param>
    /// <param name="path">Relative to that.</param>
    /// <returns>Null when git does not know the file.</returns>
    /// <exception cref="GitHistoryException">It is no working copy, or git does not trust it: it belongs to somebody else.</exception>
    public async Task<GitChange?> LastChangeAsync(string directory, UnixPath path, CancellationToken cancellationToken)
    {
        // Paths as they are, not as patterns; and no program of the repository's configuration.
        ImmutableArray<string> reading = ["--literal-pathspecs", "--no-optional-locks", "-c", "core.fsmonitor=false"];
        var log = await ReadHistoryAsync(directory, [.. reading, "log", "-1", "--no-show-signature", "--format=%h%x00%an%x00%cI%x00%s", "--", path.ToString()], cancellationToken);
        var state = await ReadHistoryAsync(directory, [.. reading, "status", "--porcelain", "--untracked-files=all", "--ignored=no", "--", path.ToString()], cancellationToken);
        return log.TrimEnd('\n').Split('\0') is [var commit, var author, var date, var subject]
            ? new GitChange(commit, author, DateTimeOffset.Parse(date, CultureInfo.InvariantCulture), subject, state.Length == 0)
            : state.Length == 0 ? null : new GitChange("", "", default, "", IsCommitted: false);
    }

    private async Task<string> ReadHistoryAsync(string directory, ImmutableArray<string> arguments, CancellationToken cancellationToken)
    {
        var result = await processes.RunAsync(Command(directory, arguments), ProcessOutput.Captured, cancellationToken);
        return result.Exit.Success ? result.Output : throw new GitHistoryException(directory, GitErrors.Said(result));
    }

    /// <summary>What git(1) leaves to the umask of whoever checks out. Files that cannot be written are its own, below <c>.git</c>.</summary>
    private static uint CheckedOut(uint permissions, bool isDirectory) =>
        isDirectory || (permissions & PermissionBits.OwnerExecute) != 0 ? PermissionBits.Executable
            : (permissions & PermissionBits.OwnerWrite) != 0 ? PermissionBits.File
            : permissions;

    private static string Find(GitSource source, RootedDirectory root)
    {
        // Links are refused on the way: the directory that was asked for is one of the repository itself.
        return source.Subdirectory.Length == 0 ? root.HostPath
            : root.TryStat(source.Subdirectory, followLink: false) is { IsDirectory: true } && root.RealPath(source.Subdirectory) == (UnixPath)source.Subdirectory
                ? Path.Join(root.HostPath, source.Subdirectory)
                : throw new KleeneException($"'{source.Shown}' has no directory '{source.Subdirectory}' at '{Named(source)}'");
    }

    private async Task FetchAsync(GitSource source, string commit, string tree, CancellationToken cancellationToken)
    {
        // Servers give a reference's commit always, and a commit by its id nearly always.
        var asked = IsCommit(source.Reference) || source.Reference.Length == 0 ? commit : source.Reference;
        if (await TryRunAsync(tree, cancellationToken, "fetch", "--quiet", "--depth=1", "--no-tags", "--", "origin", asked) && await HasAsync(commit, tree, cancellationToken))
        {
            return;
        }

        await RunAsync(source, tree, cancellationToken, "fetch", "--quiet", "--tags", "--", "origin", "+refs/heads/*:refs/remotes/origin/*");
        if (!await HasAsync(commit, tree, cancellationToken))
        {
            throw new KleeneException($"the commit {commit} is not in '{source.Shown}'");
        }
    }

    private Task<bool> HasAsync(string commit, string tree, CancellationToken cancellationToken) =>
        TryRunAsync(tree, cancellationToken, "cat-file", "-e", $"{commit}^{{commit}}");

    private async Task<string> AskAsync(GitSource source, CancellationToken cancellationToken)
    {
        var name = source.Reference.Length == 0 ? "HEAD" : source.Reference;
        var listing = await RunAsync(source, "/", cancellationToken, "ls-remote", "--", source.Remote, name, $"{name}^{{}}");
        var commits = listing.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split('\t'))
            .Where(parts => parts.Length == 2 && IsCommit(parts[0]))
            .DistinctBy(parts => parts[1])
            .ToDictionary(parts => parts[1], parts => parts[0], StringComparer.Ordinal);
        string[] candidates = name == "HEAD"
            ? ["HEAD"]
            :
            [
                // As git checkout does: of a branch and a tag with one name, the branch. A tag stands for the commit that it names.
                $"refs/heads/{Short(name, "refs/heads/")}", $"refs/tags/{Short(name, "refs/tags/")}^{{}}", $"refs/tags/{Short(name, "refs/tags/")}",
                $"refs/{Short(name, "refs/")}^{{}}", $"refs/{Short(name, "refs/")}",
            ];
        return candidates.Select(candidate => commits.GetValueOrDefault(candidate)).FirstOrDefault(commit => commit is not null)
            ?? throw new KleeneException(name == "HEAD"
                ? $"the repository '{source.Shown}' is empty"
                : $"there is no branch, tag or commit '{name}' in '{source.Shown}'; a commit is named by its whole id");
    }

    private static string Short(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;

    private static bool IsCommit(string text) => text.Length is Sha1Length or Sha256Length && text.All(char.IsAsciiHexDigit);

    private static string Named(GitSource source) => source.Reference.Length == 0 ? "HEAD" : source.Reference;

    /// <summary>None of these can be taken for an option: git's own guard against that is not in all of its commands.</summary>
    private static void Validate(GitSource source)
    {
        if (source.Remote.StartsWith('-') || source.Reference.StartsWith('-') || source.Reference.Any(c => char.IsControl(c) || c is ' ' or ':' or '~' or '^' or '\\' or '*' or '?' or '['))
        {
            throw new KleeneException($"'{source.Remote}#{source.Reference}' is no address and reference that git takes");
        }
    }

    private async Task<string> RunAsync(GitSource source, string directory, CancellationToken cancellationToken, params ImmutableArray<string> arguments)
    {
        var command = Command(directory, arguments);
        var result = await processes.RunAsync(command, ProcessOutput.Captured, cancellationToken);
        return result.Exit.Success ? result.Output : throw GitErrors.From(source, command, result);
    }

    private async Task<bool> TryRunAsync(string directory, CancellationToken cancellationToken, params ImmutableArray<string> arguments) =>
        (await processes.RunAsync(Command(directory, arguments), ProcessOutput.Captured, cancellationToken)).Exit.Success;

    private static CommandLine Command(string directory, ImmutableArray<string> arguments) =>
        new("git", [.. Settings, .. arguments]) { WorkingDirectory = directory, Environment = Safe, Timeout = Patience };
}
