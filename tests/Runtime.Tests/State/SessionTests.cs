using System.Diagnostics;
using Kleene.Build.Runtime.State;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.State;

public sealed class SessionTests : IDisposable
{
    private readonly ScratchDirectory scratch = new();
    private readonly StateDirectory state;
    private readonly Session ours;

    public SessionTests()
    {
        state = StateDirectory.Open(scratch["state"]);
        ours = new Session(state);
    }

    public void Dispose()
    {
        ours.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public void A_session_that_nobody_asked_for_leaves_no_file()
    {
        Assert.True(ours.IsOver("0123"));
        Assert.False(Directory.Exists(state.Sessions));
    }

    [Fact]
    public void It_lasts_until_it_is_disposed_of()
    {
        using var other = new Session(state);
        var id = other.Id;

        Assert.False(other.IsOver(id));
        Assert.False(ours.IsOver(id));
        Assert.Equal(id, other.Id);

        other.Dispose();
        Assert.True(ours.IsOver(id));
        Assert.Empty(Directory.GetFiles(state.Sessions));
    }

    [Fact]
    public void It_ends_with_its_process_however_that_ends()
    {
        Directory.CreateDirectory(state.Sessions);
        var path = Path.Join(state.Sessions, "killed");
        using var holder = Process.Start(new ProcessStartInfo("flock", ["--no-fork", path, "sh", "-c", "echo locked; exec sleep 1000"]) { RedirectStandardOutput = true })!;
        Assert.Equal("locked", holder.StandardOutput.ReadLine());
        Assert.False(ours.IsOver("killed"));

        holder.Kill();
        holder.WaitForExit();

        Assert.True(ours.IsOver("killed"));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task One_that_is_lent_lasts_as_long_as_its_lock_and_can_be_waited_for()
    {
        using var other = new Session(state);
        var (id, held) = other.Lend();
        Assert.NotEqual(other.Id, id);
        Assert.False(ours.IsOver(id));
        var first = ours.WaitAsync(id, CancellationToken.None);
        var second = other.WaitAsync(id, CancellationToken.None);
        Assert.False(first.IsCompleted || second.IsCompleted);

        held.Dispose();

        await first;
        await second;
        Assert.True(ours.IsOver(id));
        Assert.False(File.Exists(Path.Join(state.Sessions, id)));
    }

    [Fact]
    public async Task Waiting_for_one_that_is_over_is_done_at_once()
    {
        await ours.WaitAsync("0123", CancellationToken.None);
        await ours.WaitAsync("", CancellationToken.None);
    }

    [Fact]
    public void The_empty_id_is_nobody_s() => Assert.True(ours.IsOver(""));

    [Fact]
    public async Task Many_that_ask_at_once_get_one_id()
    {
        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => ours.Id)));

        Assert.Single(ids.Distinct());
        Assert.Single(Directory.GetFiles(state.Sessions));
    }
}
