using System.Text.Json;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>Reads what a runtime wrote to its log: a JSON object a line, by crun and runc alike.</summary>
internal static class RuntimeLog
{
    /// <summary>The last error, or null: then it was the command that failed.</summary>
    public static string? LastError(string file) => File.Exists(file) ? LastErrorOf(File.ReadLines(file)) : null;

    public static string? LastErrorOf(IEnumerable<string> lines)
    {
        string? last = null;
        foreach (var line in lines)
        {
            last = ErrorOf(line) ?? last;
        }

        return last;
    }

    private static string? ErrorOf(string line)
    {
        try
        {
            using var entry = JsonDocument.Parse(line);
            return entry.RootElement is { ValueKind: JsonValueKind.Object } fields
                && fields.TryGetProperty("level", out var level) && level.ValueEquals("error")
                && fields.TryGetProperty("msg", out var message)
                ? message.GetString()
                : null;
        }
        catch (JsonException)
        {
            // A line that was cut off, or a runtime that does not write JSON: there is nothing to learn from it.
            return null;
        }
    }

    /// <summary>What an error of a runtime means for the command.</summary>
    public static JailStartFailure Classify(string message)
    {
        // crun 1.8 "executable file `x` not found in $PATH", "open executable: Permission denied", "exec container process `x`: Exec format error";
        // runc 1.1 `exec: "x": executable file not found in $PATH`, `exec: "x": permission denied`, "exec x: no such file or directory".
        if (message.Contains("not found in $PATH", StringComparison.Ordinal) || (IsAboutExecution(message) && Ends("no such file or directory")))
        {
            return JailStartFailure.NotFound;
        }

        return IsAboutExecution(message) && (Ends("permission denied") || Ends("operation not permitted") || Ends("exec format error") || Ends("is a directory"))
            ? JailStartFailure.NotExecutable
            : JailStartFailure.Jail;

        bool Ends(string text) => message.EndsWith(text, StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsAboutExecution(string message) =>
        message.Contains("exec container process", StringComparison.Ordinal)
        || message.Contains("open executable", StringComparison.Ordinal)
        || message.Contains("exec: \"", StringComparison.Ordinal)
        || message.StartsWith("exec /", StringComparison.Ordinal);
}
