using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text.Json;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// The command line of conmon(8), the small program that stays with a jail: it is the parent of the first process, keeps the log, the exit
/// code and the socket for those who attach, and calls us back at the end.
/// </summary>
internal sealed class Conmon(string program, OciRuntime runtime, IProcessRunner processes)
{
    /// <summary>Its pipe is answered when the runtime has made the jail, which takes milliseconds.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromMinutes(1);

    /// <exception cref="JailStartException">It is not installed.</exception>
    public static string Locate() => ProgramPath.Find("conmon") ?? throw new JailStartException(
        JailStartFailure.Jail,
        $"'conmon', which stays with a container that is to outlive this command, is not in {string.Join(':', ProgramPath.Directories)}; install it, for instance by 'apt-get install conmon'");

    /// <summary>Has the runtime make the jail of a bundle.</summary>
    /// <returns>Null; or what the runtime said, when it could not.</returns>
    public async Task<string?> CreateAsync(Bundle bundle, bool hasTerminal, JailSupervision supervision, CancellationToken cancellationToken)
    {
        using var answer = new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None);
        var command = Command(bundle, hasTerminal, supervision, answer.ClientSafePipeHandle);
        var result = await processes.RunAsync(command, ProcessOutput.Captured, cancellationToken);
        answer.DisposeLocalCopyOfClientHandle();
        if (!result.Exit.Success)
        {
            throw new ProcessFailedException(command, result);
        }

        using var reader = new StreamReader(answer);
        var line = await reader.ReadLineAsync(cancellationToken).AsTask().WaitAsync(AnswerTime, cancellationToken);
        return line is null ? "conmon ended without an answer" : ReadAnswer(line);
    }

    /// <summary><c>{"data": PID}</c>, or <c>{"data": -1, "message": "…"}</c> (conmon 2.1; earlier ones say <c>pid</c>).</summary>
    internal static string? ReadAnswer(string line)
    {
        using var answer = JsonDocument.Parse(line);
        var number = answer.RootElement.TryGetProperty("data", out var data) ? data.GetInt32() : answer.RootElement.GetProperty("pid").GetInt32();
        return number >= 0 ? null
            : answer.RootElement.TryGetProperty("message", out var message) ? message.GetString()?.Trim() ?? ""
            : "the runtime failed and said nothing";
    }

    private CommandLine Command(Bundle bundle, bool hasTerminal, JailSupervision supervision, SafeHandle answer)
    {
        var (path, arguments) = runtime.CreateArguments(bundle);
        var end = supervision.EndCommand;
        var words = new List<string>
        {
            "--api-version", "1", "--cid", bundle.Id, "--cuuid", bundle.Id, "--name", bundle.Id, "--runtime", path, "--bundle", bundle.Directory,
            "--container-pidfile", bundle.ProcessIdFile, "--conmon-pidfile", bundle.SupervisorIdFile, "--persist-dir", bundle.Directory,
            "--full-attach", "--no-sync-log", "--log-path", $"k8s-file:{supervision.LogFile}", "--exit-command", end[0],
        };
        foreach (var argument in arguments)
        {
            words.AddRange("--runtime-arg", argument);
        }

        foreach (var argument in end.AsSpan()[1..])
        {
            words.AddRange("--exit-command-arg", argument);
        }

        if (hasTerminal)
        {
            words.Add("--terminal");
        }

        if (supervision.KeepsInput)
        {
            words.Add("--stdin");
        }

        if (supervision.InputOutlivesWriter)
        {
            words.Add("--leave-stdin-open");
        }

        return new CommandLine(program, [.. words])
        {
            // It leaves a file 'oom' where it stands; and where the user stood is not to be kept busy.
            WorkingDirectory = bundle.Directory,
            InheritedFiles = [answer, .. supervision.Held],
            Environment = [.. supervision.Environment, $"_OCI_SYNCPIPE={answer.DangerousGetHandle()}"],
        };
    }
}
