namespace Kleene.Build.Runtime.Fetching;

/// <summary>The body of an HTTP answer: gives up on a server that falls silent, and notices one that stops too early.</summary>
internal sealed class PatientStream(Stream body, string address, long? length, TimeSpan patience, CancellationToken cancellationToken) : Archives.ForwardStream
{
    private readonly byte[] buffer = new byte[64 * 1024];
    private long received;

    public override int Read(Span<byte> target)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(patience);
        try
        {
            // Only the asynchronous read can be cancelled. The thread that reads an archive has nothing else to do but wait for it.
            var reading = body.ReadAsync(buffer.AsMemory(0, Math.Min(buffer.Length, target.Length)), deadline.Token);
            var count = reading.IsCompleted ? reading.GetAwaiter().GetResult() : reading.AsTask().GetAwaiter().GetResult();
            buffer.AsSpan(0, count).CopyTo(target);
            received += count;
            return count > 0 || target.IsEmpty || length is null || received >= length ? count
                : throw new KleeneException($"cannot fetch '{address}': the connection ended after {received} of {length} bytes; try again");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new KleeneException($"cannot fetch '{address}': the connection broke after {received} bytes; try again", e);
        }
        // The deadline: the caller did not cancel.
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KleeneException($"cannot fetch '{address}': the server was silent for {patience.TotalSeconds:0} s; try again", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            body.Dispose();
        }

        base.Dispose(disposing);
    }
}
