using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Tests.Storage.Zfs;

/// <summary>Stands in for zfs(8): notes each command and fails those that it was told to, with the words of a given version.</summary>
internal sealed class RecordedZfs : IProcessRunner
{
    private readonly Dictionary<string, Queue<string>> failures = [];

    public List<string> Commands { get; } = [];

    public bool IsInstalled { get; init; } = true;

    /// <summary>What a command prints that succeeds.</summary>
    public string Output { get; init; } = "";

    /// <summary>The command that begins so fails once for each of the messages.</summary>
    public RecordedZfs Failing(string beginning, params string[] messages)
    {
        failures.Add(beginning, new Queue<string>(messages));
        return this;
    }

    public void Start(CommandLine command) => throw new InvalidOperationException("nothing is to outlive this test");

    public Task<ProcessResult> RunAsync(CommandLine command, ProcessOutput output, CancellationToken cancellationToken)
    {
        if (!IsInstalled)
        {
            throw new ToolMissingException(command.Program);
        }

        Commands.Add(command.ToString());
        var message = failures.Where(failure => command.ToString().StartsWith(failure.Key, StringComparison.Ordinal)).Select(failure => failure.Value).FirstOrDefault();
        return Task.FromResult(message is { Count: > 0 }
            ? new ProcessResult(new ExitStatus(1), "", message.Dequeue())
            : new ProcessResult(new ExitStatus(0), Output, ""));
    }
}
