using System.Diagnostics;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Runtime.Processes;

/// <summary>
/// Runs programs by posix_spawn(3), each watched by a thread of its own. The framework's Process class would do for capturing output,
/// but it can neither give a child its own process group, which keeps the terminal's Ctrl-C from reaching tools half-way
/// through their work, nor start it in the mount namespace that <see cref="CommandLine.HiddenMounts"/> needs.
/// </summary>
/// <param name="ended">Told of every program that ran, for the debug log.</param>
public sealed class ProcessRunner(Action<CommandLine, ExitStatus, TimeSpan>? ended = null) : IProcessRunner
{
    private const int StackBytes = 256 * 1024;

    public Task<ProcessResult> RunAsync(CommandLine command, ProcessOutput output, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var path = command.Starter is not null ? command.Program : ProgramPath.Find(command.Program) ?? throw new ToolMissingException(command.Program);

        var traced = Tracer.Current is { } timeline ? TracedProgram.Begin(timeline, command) : null;
        var completion = new TaskCompletionSource<ProcessResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Watch(command, path, output, completion, traced, cancellationToken), StackBytes)
        {
            IsBackground = true,
            Name = command.Program,
        };
        thread.Start();
        return completion.Task;
    }

    public void Start(CommandLine command)
    {
        var path = ProgramPath.Find(command.Program) ?? throw new ToolMissingException(command.Program);
        var traced = Tracer.Current is { } timeline ? TracedProgram.Begin(timeline, command) : null;
        using var nothing = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var descriptor = (int)nothing.DangerousGetHandle();
        _ = Spawner.Spawn(command, path, SpawnPlace.OwnSession, new StandardDescriptors(Input: -1, descriptor, descriptor));
        traced?.End(null);
    }

    private void Watch(
        CommandLine command, string path, ProcessOutput output, TaskCompletionSource<ProcessResult> completion, TracedProgram? traced, CancellationToken cancellationToken)
    {
        try
        {
            var started = Stopwatch.GetTimestamp();
            using var child = ChildProcess.Start(command, path, output);
            using var registration = cancellationToken.Register(child.RequestStop);

            var (result, timedOut) = child.Wait();

            traced?.End(result.Exit);
            ended?.Invoke(command, result.Exit, Stopwatch.GetElapsedTime(started));
            if (cancellationToken.IsCancellationRequested)
            {
                completion.SetCanceled(cancellationToken);
            }
            else if (timedOut)
            {
                completion.SetException(new ProcessTimeoutException(command, result));
            }
            else
            {
                completion.SetResult(result);
            }
        }
        catch (Exception exception)
        {
            // Whatever it is belongs to the caller: an exception that leaves a thread ends the process.
            completion.SetException(exception);
        }
    }
}
