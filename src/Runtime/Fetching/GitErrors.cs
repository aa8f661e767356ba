using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Fetching;

/// <summary>What git(1) says when it fails, for people who wrote an address. The wordings are those of git 2.39.</summary>
internal static class GitErrors
{
    public static KleeneException From(GitSource source, CommandLine command, ProcessResult result)
    {
        var said = result.Error;
        return Has("could not read Username") || Has("could not read Password") || Has("Authentication failed") || Has("terminal prompts disabled")
            ? new KleeneException($"the repository '{source.Shown}' does not exist or asks for a password; nobody is asked during a build")
            : Has("Permission denied (publickey") || Has("Host key verification failed")
                ? new KleeneException($"ssh may not read '{source.Shown}': {LastLine(said)}; nobody is asked during a build, so the key and the host must be known to ssh")
                : Has("does not appear to be a git repository") || Has("not found") || Has("access denied or repository not exported")
                    ? new KleeneException($"there is no git repository '{source.Shown}'")
                    : Has("Could not resolve host") || Has("unable to connect") || Has("Failed to connect") || Has("Connection refused")
                        ? new KleeneException($"cannot reach '{source.Shown}': {LastLine(said)}")
                        : new ProcessFailedException(command, result);

        bool Has(string text) => said.Contains(text, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The line of a failure that says why.</summary>
    public static string Said(ProcessResult result) => LastLine(result.Error);

    /// <summary>The last that says something: git ends with advice, ssh with an empty line.</summary>
    private static string LastLine(string said) =>
        said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .LastOrDefault(line => line.StartsWith("fatal:", StringComparison.Ordinal) || line.Contains("denied", StringComparison.Ordinal) || line.Contains("failed", StringComparison.Ordinal))
        ?? said.Trim();
}
