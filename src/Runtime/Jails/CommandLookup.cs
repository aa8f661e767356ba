using System.Collections.Immutable;
using System.Text;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Jails;

/// <summary>
/// Tells before a start why a command could not be started. A runtime reports most of it as exit code 1 and a line on the
/// command's own error stream, where nobody can tell it from what the command said.
/// </summary>
internal static class CommandLookup
{
    private const int HeadBytes = 4096;
    private const uint AnyExecute = 0x49;

    /// <summary>Passes over what it cannot see: commands beneath a mount, binaries of another processor.</summary>
    /// <param name="hidden">Where something will be mounted over the tree.</param>
    /// <exception cref="JailStartException">The command is not there, or the kernel will not execute it.</exception>
    public static void Check(RootedDirectory tree, JailProcess process, string searchPath, ImmutableArray<string> hidden)
    {
        var command = process.Argv[0];
        var candidates = Candidates(command, process.WorkingDirectory, searchPath);
        string? unusable = null;
        foreach (var candidate in candidates)
        {
            if (hidden.Any(point => IsBeneath(candidate, point)))
            {
                return;
            }

            if (tree.TryStat(candidate, followLink: true) is not { } status)
            {
                continue;
            }

            if (status.Kind == FileKind.Regular && (status.Mode & AnyExecute) != 0)
            {
                CheckFormat(tree, candidate, hidden);
                return;
            }

            unusable ??= status.IsDirectory ? $"'{candidate}' is a directory" : $"'{candidate}' is not executable (chmod +x)";
        }

        throw unusable is null ? NotFound(tree, command, searchPath) : new JailStartException(JailStartFailure.NotExecutable, unusable);
    }

    public static JailStartException NotFound(RootedDirectory tree, string command, string searchPath)
    {
        if (command.Contains('/', StringComparison.Ordinal))
        {
            var folder = Path.GetDirectoryName(command) is { Length: > 0 } parent ? parent : "/";
            var hint = Suggestion.Hint(command, Names(tree, folder).Select(name => Path.Join(folder, name)));
            return new JailStartException(JailStartFailure.NotFound, $"'{command}' is not in the image{hint}");
        }

        var names = searchPath.Split(':', StringSplitOptions.RemoveEmptyEntries).SelectMany(folder => Names(tree, folder));
        return new JailStartException(
            JailStartFailure.NotFound, $"'{command}' is not in any directory of the image's PATH ({searchPath}){Suggestion.Hint(command, names)}");
    }

    /// <summary>execvp(3): a word with a slash is a path, any other is looked for in each directory of the search path.</summary>
    private static IEnumerable<string> Candidates(string command, string workingDirectory, string searchPath) =>
        command.Contains('/', StringComparison.Ordinal)
            ? [command.StartsWith('/') ? command : Path.Join(workingDirectory, command)]
            : command.Length == 0
                ? []
                : searchPath.Split(':').Select(folder => Path.Join(folder.StartsWith('/') ? "" : workingDirectory, folder, command));

    /// <summary>execve(2): a script's and a dynamic binary's interpreter must be there, and it must be one of the two.</summary>
    private static void CheckFormat(RootedDirectory tree, string path, ImmutableArray<string> hidden)
    {
        var head = tree.TryReadStart(path, HeadBytes) ?? [];
        var (interpreter, kind) = head switch
        {
            [(byte)'#', (byte)'!', ..] => (ScriptInterpreter(head), "interpreter"),
            [0x7f, (byte)'E', (byte)'L', (byte)'F', ..] when ElfHeader.IsNative(head) => (ElfHeader.Interpreter(head), "loader (is it built for another C library?)"),
            _ when HasForeignFormats() => (null, ""),
            [0x7f, (byte)'E', (byte)'L', (byte)'F', ..] => throw new JailStartException(
                JailStartFailure.NotExecutable, $"'{path}' is built for another kind of processor than this machine's"),
            _ => throw new JailStartException(
                JailStartFailure.NotExecutable, $"'{path}' is neither a binary nor a script that begins with '#!' and its interpreter"),
        };

        if (interpreter is not null && interpreter.StartsWith('/') && !hidden.Any(point => IsBeneath(interpreter, point)) && tree.TryStat(interpreter, followLink: true) is null)
        {
            throw new JailStartException(JailStartFailure.NotFound, $"'{path}' needs '{interpreter}', which is not in the image: its {kind}");
        }
    }

    private static IEnumerable<string> Names(RootedDirectory tree, string folder) =>
        tree.TryStat(folder, followLink: true) is { IsDirectory: true } ? tree.List(folder).Select(name => name.ToString()) : [];

    private static string ScriptInterpreter(ReadOnlySpan<byte> head)
    {
        var line = head[2..];
        line = line.IndexOf((byte)'\n') is var end and >= 0 ? line[..end] : line;
        var words = Encoding.UTF8.GetString(line).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 0 ? "" : words[0];
    }

    /// <summary>Whether the host has taught its kernel further formats (binfmt_misc), as emulators do.</summary>
    private static bool HasForeignFormats() =>
        Directory.Exists("/proc/sys/fs/binfmt_misc") && Directory.EnumerateFiles("/proc/sys/fs/binfmt_misc").Any(file => Path.GetFileName(file) is not ("register" or "status"));

    private static bool IsBeneath(string path, string folder) =>
        folder == "/" || path.Equals(folder, StringComparison.Ordinal) || path.StartsWith(folder.TrimEnd('/') + "/", StringComparison.Ordinal);
}
