using System.IO.Pipes;
using Kleene.Build.Runtime.Processes;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Processes;

public sealed class OpenFilesOfProcessesTests
{
    private readonly ProcessRunner runner = new();

    [Fact]
    public async Task A_program_can_feed_another_through_a_pipe()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        var counting = runner.RunAsync(CommandLine.Of("wc", "-c") with { InputFile = pipe.ClientSafePipeHandle }, ProcessOutput.Captured, CancellationToken.None);

        var writing = await runner.RunAsync(CommandLine.Of("head", "-c", "1000000", "/dev/zero"), ProcessOutput.ToFile(pipe.SafePipeHandle), CancellationToken.None);
        pipe.Dispose();

        Assert.Equal(new ProcessResult(new ExitStatus(0), "", ""), writing);
        Assert.Equal("1000000\n", (await counting).Output);
    }
}
