namespace Kleene.Build.Runtime.Processes;

/// <summary>A tool did not do what it was asked for. Drivers turn the wordings they know into errors of their own.</summary>
public class ProcessFailedException : KleeneException
{
    public ProcessFailedException(CommandLine command, ProcessResult result)
        : this(command, result, $"'{command}' failed with {result.Exit}{Tail(result)}")
    {
    }

    protected ProcessFailedException(CommandLine command, ProcessResult result, string message)
        : base(message)
    {
        Command = command;
        Result = result;
    }

    public CommandLine Command { get; }

    public ProcessResult Result { get; }

    private static string Tail(ProcessResult result)
    {
        var text = result.Error.Trim();
        return text.Length == 0 ? "" : $": {text}";
    }
}

/// <summary>A tool took longer than its <see cref="CommandLine.Timeout"/> and was killed.</summary>
public sealed class ProcessTimeoutException(CommandLine command, ProcessResult result)
    : ProcessFailedException(command, result, $"'{command}' did not end within {command.Timeout.TotalSeconds:0.#} s and was killed");

/// <summary>A tool is not installed.</summary>
public sealed class ToolMissingException(string program)
    : KleeneException($"'{program}' is not installed, or not in {string.Join(':', ProgramPath.Directories)}; install it and try again")
{
    public string Program { get; } = program;
}
