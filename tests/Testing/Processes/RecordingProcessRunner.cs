using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Testing.Processes;

/// <summary>
/// Runs nothing: keeps the command lines and answers each as the script says, in the order in which the replies were added. What nobody scripted
/// succeeds and prints nothing.
/// </summary>
public sealed class RecordingProcessRunner : IProcessRunner
{
    private readonly List<CommandLine> commands = [];
    private readonly Queue<(Func<CommandLine, bool> Matches, Func<CommandLine, CancellationToken, Task<ProcessResult>> Reply)> replies = [];

    public IReadOnlyList<CommandLine> Commands => commands;

    /// <summary>The command lines as a person would type them, one a line.</summary>
    public string Transcript => string.Concat(commands.Select(command => command + "\n"));

    /// <summary>Answers the next command that has this word among its arguments.</summary>
    public RecordingProcessRunner Reply(string word, int exitCode = 0, string output = "", string error = "", Action<CommandLine>? first = null) =>
        Reply(word, (command, _) =>
        {
            first?.Invoke(command);
            return Task.FromResult(new ProcessResult(new ExitStatus(exitCode), output, error));
        });

    /// <summary>As the other, for a command that fails to run or takes its time.</summary>
    public RecordingProcessRunner Reply(string word, Func<CommandLine, CancellationToken, Task<ProcessResult>> reply)
    {
        replies.Enqueue((command => command.Arguments.Contains(word), reply));
        return this;
    }

    public void Start(CommandLine command) => commands.Add(command);

    public Task<ProcessResult> RunAsync(CommandLine command, ProcessOutput output, CancellationToken cancellationToken)
    {
        commands.Add(command);
        return replies.TryPeek(out var next) && next.Matches(command)
            ? replies.Dequeue().Reply(command, cancellationToken)
            : Task.FromResult(new ProcessResult(new ExitStatus(0), "", ""));
    }
}
