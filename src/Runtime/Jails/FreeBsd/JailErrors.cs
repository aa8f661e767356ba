using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>
/// What jail(8), jexec(8) and mount(8) mean when they fail. They all exit with 1 or 64 and say a line; the wordings were seen on FreeBSD 13.2. What is not known here is
/// told as it was said.
/// </summary>
internal static class JailErrors
{
    private const string Missing = ": No such file or directory";

    /// <summary>Why <c>jail -c</c> made no jail.</summary>
    /// <param name="result">Of the command that failed.</param>
    /// <param name="id">The jail that it was for.</param>
    public static JailStartException OfCreation(ProcessResult result, string id)
    {
        var said = LastLine(result.Error, "jail: ");
        return new JailStartException(JailStartFailure.Jail, said switch
        {
            _ when After("unknown parameter: ") is { } name => $"this system has no jail parameter '{name}'; jail(8) lists those that there are",
            _ when said.EndsWith("already exists", StringComparison.Ordinal) => $"'{id}' is already running: there is a jail of that name, which 'jls' shows",
            _ when After("path ") is { } path && path.EndsWith(Missing, StringComparison.Ordinal) => $"the jail's root '{path[..^Missing.Length]}' has gone",
            _ => $"jail(8) could not make '{id}': {said}",
        });

        // With a file of parameters the name of the jail stands before it.
        string? After(string words) => said.IndexOf(words, StringComparison.Ordinal) is var at and >= 0 ? said[(at + words.Length)..] : null;
    }

    /// <summary>Why jexec did not become the command; null when it did, and what it exited with is the command's.</summary>
    public static JailStartException? OfStart(ProcessResult result, string command)
    {
        if (result.Exit is not { Code: 1, Signal: 0 })
        {
            return null;
        }

        var said = result.Error.TrimEnd().Split('\n')[^1];
        return said switch
        {
            _ when !said.StartsWith("jexec: execvp: ", StringComparison.Ordinal) => null,
            _ when said.EndsWith(Missing, StringComparison.Ordinal) => new JailStartException(JailStartFailure.NotFound, $"'{command}' could not be started: {said["jexec: execvp: ".Length..]}"),
            _ => new JailStartException(JailStartFailure.NotExecutable, $"'{command}' could not be started: {said["jexec: execvp: ".Length..]}"),
        };
    }

    /// <summary>Whether jexec or jls says that there is no such jail.</summary>
    public static bool SaysNotFound(ProcessResult result, string name) =>
        !result.Exit.Success && result.Error.Contains($"jail \"{name}\" not found", StringComparison.Ordinal);

    public static JailStartException OfMount(CommandLine command, ProcessResult result)
    {
        var said = LastLine(result.Error, "mount_nullfs: ");
        return new JailStartException(JailStartFailure.Jail, said == $"{FreeBsdTools.Rescue}{Missing}"
            ? $"'{FreeBsdTools.Rescue}' is not there, whose programs set jails up; install the system's package 'FreeBSD-rescue'"
            : $"'{command}' failed: {said}");
    }

    /// <summary>The line that says it. The next one of jail(8) only tells which of its commands it was.</summary>
    private static string LastLine(string error, string prefix)
    {
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var line = lines.LastOrDefault(line => !line.EndsWith(": failed", StringComparison.Ordinal)) ?? "it said nothing";
        return line.StartsWith(prefix, StringComparison.Ordinal) ? line[prefix.Length..] : line;
    }
}
