using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.State;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.State;

public sealed class FileLockTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly ScratchDirectory scratch = new();

    public void Dispose() => scratch.Dispose();

    private string Place => scratch["lock"];

    [Fact]
    public void One_has_it_or_several_share_it()
    {
        using (FileLock.TryTake(Place))
        {
            Assert.Null(FileLock.TryTake(Place));
            Assert.Null(FileLock.TryTake(Place, shared: true));
        }

        using var one = FileLock.TryTake(Place, shared: true);
        using var two = FileLock.TryTake(Place, shared: true);
        Assert.NotNull(one);
        Assert.NotNull(two);
        Assert.Null(FileLock.TryTake(Place));
    }

    [Fact]
    public async Task Whoever_waits_gets_it_when_it_is_free()
    {
        var first = await FileLock.TakeAsync(Place, None);
        var second = FileLock.TakeAsync(Place, None);
        Assert.False(second.IsCompleted);

        first.Dispose();

        using var held = await second;
        Assert.Null(FileLock.TryTake(Place));
    }

    [Fact]
    public async Task Whoever_gives_up_does_not_get_it_later()
    {
        using var patience = new CancellationTokenSource();
        var first = await FileLock.TakeAsync(Place, None);
        var second = FileLock.TakeAsync(Place, patience.Token);

        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        first.Dispose();

        // The thread that waits in the kernel may still get it, and then gives it back at once.
        using var third = await FileLock.TakeAsync(Place, None);
    }

    [Fact]
    public async Task A_program_that_inherits_it_keeps_it_after_us()
    {
        var lent = await FileLock.TakeAsync(Place, None);
        using var end = new CancellationTokenSource();
        var started = new Lines("ready");
        var child = new ProcessRunner().RunAsync(
            CommandLine.Of("sh", "-c", "echo ready; exec sleep 1000") with { InheritedFiles = [lent.Handle], Grace = TimeSpan.Zero }, ProcessOutput.To(started), end.Token);
        await started.Seen;

        lent.Dispose();
        Assert.Null(FileLock.TryTake(Place));

        var waiting = FileLock.TakeAsync(Place, None);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => child);
        (await waiting).Dispose();
    }

    [Fact]
    public async Task A_program_that_does_not_inherit_it_has_no_part_in_it()
    {
        var ours = await FileLock.TakeAsync(Place, None);
        using var end = new CancellationTokenSource();
        var started = new Lines("ready");
        var child = new ProcessRunner().RunAsync(
            CommandLine.Of("sh", "-c", "echo ready; exec sleep 1000") with { Grace = TimeSpan.Zero }, ProcessOutput.To(started), end.Token);
        await started.Seen;

        ours.Dispose();

        // Programs of other tests have copies of all that is open here for the moment between fork(2) and execve(2).
        var theirs = FileLock.TryTake(Place);
        for (var look = 0; theirs is null && look < 100; look++)
        {
            await Task.Delay(20);
            theirs = FileLock.TryTake(Place);
        }

        Assert.NotNull(theirs);
        theirs.Dispose();
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => child);
    }

    [Fact]
    public void Where_no_file_can_be_there_is_no_lock() => Assert.Throws<IOException>(() => FileLock.TryTake(scratch["no such directory/lock"]));

    private sealed class Lines(string wanted) : IOutputSink
    {
        private readonly TaskCompletionSource seen = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Seen => seen.Task;

        public void WriteLine(OutputKind stream, string line)
        {
            if (line == wanted)
            {
                seen.TrySetResult();
            }
        }
    }
}
