using System.Net.Sockets;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails;

/// <summary>
/// Copies between a jail's socket and our standard streams until one of them is done. What comes from there are packets whose first byte says which
/// stream it is (2 output, 3 errors); what goes there is the jail's standard input as it is, and closing our side of it is its end.
/// </summary>
internal static class ConsoleRelay
{
    private const int StackBytes = 256 * 1024;

    public static async Task<ConsoleEnd> RunAsync(Socket socket, ConsoleRequest request, CancellationToken cancellationToken)
    {
        // Reading a terminal blocks and cannot be taken back, so both directions are waited for together, on a thread of their own.
        using var wake = new WakePipe();
        var ended = new TaskCompletionSource<ConsoleEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Relay(socket, request, wake, ended), StackBytes) { IsBackground = true, Name = "console" }.Start();
        await using (cancellationToken.Register(wake.Set))
        {
            var end = await ended.Task;
            cancellationToken.ThrowIfCancellationRequested();
            return end;
        }
    }

    private static void Relay(Socket socket, ConsoleRequest request, WakePipe wake, TaskCompletionSource<ConsoleEnd> ended)
    {
        try
        {
            ended.SetResult(new ConsoleCopy(socket, request, wake).Run());
        }
        catch (Exception exception)
        {
            // Whatever it is belongs to the caller: an exception that leaves a thread ends the process.
            ended.SetException(exception);
        }
    }
}
