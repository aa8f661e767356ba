using System.IO.Pipes;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Storage.Zfs;

/// <summary>Takes file systems of others as they are at one moment, and copies them.</summary>
internal sealed class ZfsTransfer(IProcessRunner runner, ZfsTool zfs)
{
    /// <summary>The snapshot to start from: the one that was named, or one made now.</summary>
    /// <exception cref="DatasetNotFoundException">There is no such dataset.</exception>
    public async Task<FrozenDataset> FreezeAsync(DatasetName source, SnapshotId id)
    {
        if (source.IsSnapshot)
        {
            return await ExistsAsync(source) ? new FrozenDataset(source, release: null) : throw new DatasetNotFoundException(source);
        }

        var name = source.Snapshot($"kleene-{id}");
        return await zfs.TryRunAsync(source.ToString(), name.ToString(), "snapshot", name.ToString()) switch
        {
            null => new FrozenDataset(name, () => zfs.RunAsync("destroy", "-d", name.ToString())),
            ZfsFailure.Missing => throw new DatasetNotFoundException(source),
            var failure => throw new KleeneException($"cannot snapshot '{source}': zfs says that it is {failure}"),
        };
    }

    /// <summary>Sends a snapshot into a new file system, which is not mounted. Returns the snapshot's name there.</summary>
    /// <param name="since">A snapshot that the file system was cloned from, and of which the new one is to be a clone too; null sends all of it.</param>
    public async Task<DatasetName> SendAsync(DatasetName snapshot, DatasetName? since, DatasetName target, CancellationToken cancellationToken)
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        var send = (since is { } origin ? zfs.Command("send", "-i", origin.ToString(), snapshot.ToString()) : zfs.Command("send", snapshot.ToString())) with { Timeout = Timeout.InfiniteTimeSpan };
        var receive = zfs.Command("receive", "-u", target.ToString()) with
        {
            Timeout = Timeout.InfiniteTimeSpan,
            InputFile = pipe.ClientSafePipeHandle,
        };

        // Each end of the pipe is closed here when its program has ended, so that the other program learns of it.
        var sending = EndAsync(runner.RunAsync(send, ProcessOutput.ToFile(pipe.SafePipeHandle), cancellationToken), pipe.SafePipeHandle);
        var receiving = EndAsync(runner.RunAsync(receive, ProcessOutput.Captured, cancellationToken), pipe.ClientSafePipeHandle);
        await Task.WhenAny(sending, receiving);
        var receiverGaveUp = receiving.IsCompletedSuccessfully && !(await receiving).Exit.Success;
        var results = await Task.WhenAll(sending, receiving);

        // The one that failed first made the other fail.
        foreach (var (command, result) in receiverGaveUp ? [(receive, results[1])] : new[] { (send, results[0]), (receive, results[1]) })
        {
            if (!result.Exit.Success)
            {
                throw new ProcessFailedException(command, result);
            }
        }

        return target.Snapshot(snapshot.ToString().Split('@')[1]);
    }

    private static async Task<ProcessResult> EndAsync(Task<ProcessResult> process, IDisposable end)
    {
        using (end)
        {
            return await process;
        }
    }

    private async Task<bool> ExistsAsync(DatasetName name) =>
        await zfs.TryRunAsync(name.ToString(), name.ToString(), "list", "-H", "-o", "name", name.ToString()) switch
        {
            null => true,
            ZfsFailure.Missing => false,
            var failure => throw new KleeneException($"cannot list '{name}': zfs says that it is {failure}"),
        };
}

/// <summary>A snapshot in use as a source. One that was made for this is destroyed afterwards, or with the last clone of it.</summary>
internal sealed class FrozenDataset(DatasetName name, Func<Task>? release) : IAsyncDisposable
{
    public DatasetName Name => name;

    public async ValueTask DisposeAsync()
    {
        if (release is not null)
        {
            await release();
        }
    }
}
