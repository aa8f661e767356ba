using System.Text;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;

namespace Kleene.Build.Runtime.Tests.Processes;

public sealed class ProcessRunnerTests
{
    private readonly ProcessRunner runner = new();

    [Fact]
    public async Task Output_error_and_exit_code_are_captured()
    {
        var result = await Shell("echo out; echo err >&2; exit 7");

        Assert.Equal(new ExitStatus(7), result.Exit);
        Assert.Equal("out\n", result.Output);
        Assert.Equal("err\n", result.Error);
    }

    [Fact]
    public async Task A_program_killed_by_a_signal_says_so()
    {
        var result = await Shell("kill -KILL $$");

        Assert.Equal(new ExitStatus(0, 9), result.Exit);
        Assert.Equal(137, result.Exit.ShellCode);
    }

    [Fact]
    public async Task Input_larger_than_a_pipe_arrives_whole()
    {
        var input = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("0123456789\n", 50_000)));

        var result = await runner.RunAsync(CommandLine.Of("cat") with { Input = input }, ProcessOutput.Captured, CancellationToken.None);

        Assert.Equal(input.Length, result.Output.Length);
    }

    [Fact]
    public async Task Input_that_nobody_reads_is_no_error()
    {
        var result = await runner.RunAsync(CommandLine.Of("true") with { Input = new byte[1_000_000] }, ProcessOutput.Captured, CancellationToken.None);

        Assert.True(result.Exit.Success);
    }

    [Fact]
    public async Task Lines_reach_the_sink_while_the_program_runs()
    {
        var fifo = Directory.CreateTempSubdirectory("kleene lines ").FullName + "/go on";
        await runner.RunToolAsync(CommandLine.Of("mkfifo", fifo), CancellationToken.None);
        var sink = new SignallingSink();

        var running = runner.RunAsync(
            CommandLine.Of("sh", "-c", "echo first; read answer < \"$0\"; printf 'last without end'", fifo), ProcessOutput.To(sink), CancellationToken.None);
        await sink.FirstLine.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await File.WriteAllTextAsync(fifo, "yes\n");
        await running;

        Assert.Equal(["first", "last without end"], sink.Lines);
    }

    [Fact]
    public async Task Arguments_reach_the_program_untouched()
    {
        string[] words = ["a b", "$HOME", "`id`", "'\"", "", "ü\n"];

        var result = await runner.RunAsync(CommandLine.Of("printf", ["[%s]", .. words]), ProcessOutput.Captured, CancellationToken.None);

        Assert.Equal(string.Concat(words.Select(word => $"[{word}]")), result.Output);
    }

    [Fact]
    public async Task The_environment_is_what_was_given_and_nothing_else()
    {
        var result = await runner.RunAsync(CommandLine.Of("env") with { Environment = ["A=1 2"] }, ProcessOutput.Captured, CancellationToken.None);

        Assert.Equal("A=1 2\n", result.Output);
    }

    [Fact]
    public async Task Signals_that_the_runtime_ignores_work_in_the_program()
    {
        var result = await Shell("yes | head -1; echo done");

        Assert.Equal("y\ndone\n", result.Output);
    }

    [Fact]
    public async Task A_missing_program_is_named()
    {
        var exception = await Assert.ThrowsAsync<ToolMissingException>(() => runner.RunToolAsync(CommandLine.Of("no-such-program"), CancellationToken.None));

        Assert.Contains("'no-such-program' is not installed", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failing_tool_tells_its_command_line_and_last_words()
    {
        var exception = await Assert.ThrowsAsync<ProcessFailedException>(
            () => runner.RunToolAsync(CommandLine.Of("sh", "-c", "echo 'no pool' >&2; exit 3"), CancellationToken.None));

        Assert.Equal("'sh -c 'echo '\\''no pool'\\'' >&2; exit 3'' failed with exit code 3: no pool", exception.Message);
    }

    [Fact]
    public async Task A_program_that_takes_too_long_is_stopped_with_its_children()
    {
        var command = CommandLine.Of("sh", "-c", "trap '' INT; sleep 1000 & wait; sleep 1000") with
        {
            Timeout = TimeSpan.FromMilliseconds(50),
            Grace = TimeSpan.FromMilliseconds(50),
        };

        var exception = await Assert.ThrowsAsync<ProcessTimeoutException>(() => runner.RunToolAsync(command, CancellationToken.None));

        Assert.Equal(9, exception.Result.Exit.Signal);
    }

    [Fact]
    public async Task A_cancelled_program_is_gone_when_the_call_returns()
    {
        using var cancellation = new CancellationTokenSource();
        var sink = new SignallingSink();
        var running = runner.RunAsync(CommandLine.Of("sh", "-c", "echo $$; exec sleep 1000"), ProcessOutput.To(sink), cancellation.Token);
        await sink.FirstLine.Task.WaitAsync(TimeSpan.FromSeconds(30));

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.False(Directory.Exists($"/proc/{sink.Lines[0]}"));
    }

    [Fact]
    public async Task A_process_left_behind_does_not_hold_the_call()
    {
        var result = await Shell("sleep 1000 & echo $!");

        Assert.True(result.Exit.Success);
        await Shell($"kill {result.Output}");
    }

    [RootFact]
    public async Task Hiding_a_mount_from_a_program_changes_nothing_for_us()
    {
        using var scratch = new ScratchDirectory();
        await runner.RunToolAsync(CommandLine.Of("mount", "-t", "tmpfs", "hidden", scratch.Path), CancellationToken.None);
        var here = Environment.CurrentDirectory;
        try
        {
            var seen = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ =>
                runner.RunToolAsync(CommandLine.Of("cat", "/proc/self/mountinfo") with { HiddenMounts = [scratch.Path] }, CancellationToken.None)));

            Assert.All(seen, mounts => Assert.DoesNotContain(" tmpfs hidden ", mounts, StringComparison.Ordinal));
            Assert.All(
                Directory.GetDirectories("/proc/self/task"),
                thread => Assert.Equal(new FileInfo("/proc/self/ns/mnt").LinkTarget, new FileInfo($"{thread}/ns/mnt").LinkTarget));
            Assert.Equal(here, Environment.CurrentDirectory);
        }
        finally
        {
            await runner.RunToolAsync(CommandLine.Of("umount", scratch.Path), CancellationToken.None);
        }
    }

    private Task<ProcessResult> Shell(string script) =>
        runner.RunAsync(CommandLine.Of("sh", "-c", script), ProcessOutput.Captured, CancellationToken.None);

    private sealed class SignallingSink : IOutputSink
    {
        public TaskCompletionSource FirstLine { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<string> Lines { get; } = [];

        public void WriteLine(OutputKind kind, string line)
        {
            Lines.Add(line);
            FirstLine.TrySetResult();
        }
    }
}
