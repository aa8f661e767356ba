using System.IO.Pipes;
using System.Net.Sockets;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Terminals;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>An input that those write who attach, or an empty one, and two outputs that are told apart.</summary>
internal sealed class SupervisedPipes(SupervisionRecord record, SupervisedOutput output) : ISupervisedStreams
{
    private readonly AnonymousPipeServerStream? input = record.KeepsInput ? new AnonymousPipeServerStream(PipeDirection.Out) : null;

    public CommandLine Command => record.Command with { InputFile = input?.ClientSafePipeHandle };

    public ProcessOutput Output => ProcessOutput.To(output);

    public void Taken() => input?.DisposeLocalCopyOfClientHandle();

    public void ReadFrom(Socket client)
    {
        if (input is not null)
        {
            _ = PassAsync(client, input);
        }
    }

    public void Resize(WindowSize size)
    {
    }

    public Task<ProcessResult> DrainAsync(ProcessResult result) => Task.FromResult(result);

    public void Dispose() => input?.Dispose();

    private async Task PassAsync(Socket client, AnonymousPipeServerStream sink)
    {
        await SupervisorSocket.PassAsync(client, sink);
        if (!record.InputOutlivesWriter)
        {
            await sink.DisposeAsync();
        }
    }
}
