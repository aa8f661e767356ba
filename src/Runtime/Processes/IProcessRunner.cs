using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime.Processes;

/// <summary>The only door to other programs.</summary>
public interface IProcessRunner
{
    /// <summary>
    /// Runs a program to its end, whatever its exit status. A cancelled or timed-out program is interrupted, after
    /// <see cref="CommandLine.Grace"/> killed with its process group, and gone when this returns.
    /// </summary>
    /// <exception cref="ToolMissingException">There is no such program.</exception>
    /// <exception cref="ProcessTimeoutException">It took longer than <see cref="CommandLine.Timeout"/>.</exception>
    Task<ProcessResult> RunAsync(CommandLine command, ProcessOutput output, CancellationToken cancellationToken);

    /// <summary>Starts a program that is to outlive us: it has no terminal, reads and writes nothing, and what becomes of it is not ours to know.</summary>
    /// <exception cref="ToolMissingException">There is no such program.</exception>
    void Start(CommandLine command);
}

/// <summary>Where the output of a process goes.</summary>
public abstract record ProcessOutput
{
    private ProcessOutput()
    {
    }

    /// <summary>Into <see cref="ProcessResult.Output"/> and <see cref="ProcessResult.Error"/>.</summary>
    public static ProcessOutput Captured { get; } = new Capture();

    /// <summary>Our own standard input, output and error are the process's: nothing is read or copied.</summary>
    public static ProcessOutput Inherited { get; } = new Inherit(KeepInput: true);

    /// <summary>As <see cref="Inherited"/>, with an empty standard input.</summary>
    public static ProcessOutput InheritedWithoutInput { get; } = new Inherit(KeepInput: false);

    /// <summary>To a sink, line by line; the last lines of the error stream also into <see cref="ProcessResult.Error"/>.</summary>
    public static ProcessOutput To(IOutputSink sink) => new Forward(sink);

    /// <summary>Standard output into an open file or pipe, which stays the caller's to close; the error stream into <see cref="ProcessResult.Error"/>.</summary>
    public static ProcessOutput ToFile(SafeHandle file) => new Redirect(file, WithErrors: false);

    /// <summary>Both streams into an open file, which stays the caller's to close: for a program that leaves others behind, who go on writing.</summary>
    public static ProcessOutput AllToFile(SafeHandle file) => new Redirect(file, WithErrors: true);

    /// <summary>
    /// All three streams are a terminal, which stays the caller's to close. The process stays in our process group, so that it can begin a session of its own on it.
    /// </summary>
    public static ProcessOutput OnTerminal(SafeHandle terminal) => new Redirect(terminal, WithErrors: true) { IsTerminal = true };

    internal sealed record Capture : ProcessOutput;

    internal sealed record Inherit(bool KeepInput) : ProcessOutput;

    internal sealed record Redirect(SafeHandle File, bool WithErrors) : ProcessOutput
    {
        public bool IsTerminal { get; init; }
    }

    internal sealed record Forward(IOutputSink Sink) : ProcessOutput;
}

/// <summary>What is left of a process.</summary>
/// <param name="Exit">How it ended.</param>
/// <param name="Output">Its standard output when captured.</param>
/// <param name="Error">The last lines of its standard error, unless inherited.</param>
public sealed record ProcessResult(ExitStatus Exit, string Output, string Error);

public static class ProcessRunnerExtensions
{
    /// <summary>Runs a tool that has to succeed and returns what it printed.</summary>
    /// <exception cref="ProcessFailedException">It did not exit with 0.</exception>
    public static async Task<string> RunToolAsync(this IProcessRunner runner, CommandLine command, CancellationToken cancellationToken)
    {
        var result = await runner.RunAsync(command, ProcessOutput.Captured, cancellationToken);
        return result.Exit.Success ? result.Output : throw new ProcessFailedException(command, result);
    }
}
