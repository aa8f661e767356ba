using System.Globalization;
using System.Text.Json;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary><c>kleene system df</c> and <c>prune</c>.</summary>
public sealed class SystemSpaceTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task What_df_shows_adds_up_to_what_the_file_system_counts_and_prune_gets_it_back()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN busybox dd if=/dev/urandom of=/large bs=1M count=6 2> /dev/null\nRUN echo app > /app\n");
        await space.BuildAsync(context, "app");
        await space.BuildAsync(space.Context("FROM busybox\nRUN busybox dd if=/dev/urandom of=/other bs=1M count=3 2> /dev/null\n", "second"), "second");
        await space.SucceedAsync("run", "-d", "--name", "box", "-v", "data:/data", "app", "sh", "-c", "busybox dd if=/dev/urandom of=/mine bs=1M count=2 2> /dev/null; busybox dd if=/dev/urandom of=/data/d bs=1M count=4 2> /dev/null; touch /ready; exec sleep 1000");
        await space.SucceedAsync("exec", "box", "sh", "-c", "until test -e /ready; do sleep 0.05; done");
        await space.SucceedAsync("rmi", "second");
        await space.SucceedAsync("volume", "create", "idle");
        await space.SucceedAsync("run", "--name", "gone", "-v", "/unnamed", "busybox", "true");
        await space.SucceedAsync("rm", "gone");

        var rows = await RowsAsync();
        // Once: what is mounted for the container is shown by the layers that it consists of.
        var counted = long.Parse(space.Shell($"sync; du -sx -B1 '{space.StateRoot}' | cut -f 1").Trim(), CultureInfo.InvariantCulture);
        Assert.InRange(rows.Values.Sum(row => row.Size), counted * 0.99, counted * 1.01);
        Assert.Equal((2, 1), (rows["images"].Total, rows["images"].Active));
        Assert.InRange(rows["images"].Size, 6 << 20, 12 << 20);
        Assert.InRange(rows["containers"].Size, 2 << 20, 3 << 20);
        Assert.Equal((1, 1, 0), (rows["containers"].Total, rows["containers"].Active, rows["containers"].Reclaimable));
        Assert.InRange(rows["volumes"].Size, 4 << 20, 5 << 20);
        Assert.Equal((3, 1), (rows["volumes"].Total, rows["volumes"].Active));
        Assert.InRange(rows["volumes"].Reclaimable, 1, 1 << 20);

        await space.SucceedAsync("system", "prune", "--volumes");
        Assert.Contains("busybox", await space.SucceedAsync("image", "ls"), StringComparison.Ordinal);
        Assert.Equal("data\nidle\n", await space.SucceedAsync("volume", "ls", "--format", "{{.name}}"));
        await space.SucceedAsync("stop", "-t", "0", "box");
        await space.SucceedAsync("system", "prune", "--all", "--volumes");
        Assert.Equal("data\nidle\n", await space.SucceedAsync("volume", "ls", "--format", "{{.name}}"));
        await space.SucceedAsync("volume", "prune", "--all");

        var left = await RowsAsync();
        Assert.All(left.Where(row => row.Key != "records"), row => Assert.Equal((0, 0), (row.Value.Total, row.Value.Reclaimable)));
        Assert.InRange(left.Where(row => row.Key != "records").Sum(row => row.Value.Size), 0, 1 << 20);
        await space.AssertCleanAsync();
    }

    private async Task<Dictionary<string, Row>> RowsAsync()
    {
        using var json = JsonDocument.Parse(await space.SucceedAsync("system", "df", "--format", "json"));
        return json.RootElement.EnumerateArray().ToDictionary(
            row => row.GetProperty("type").GetString()!,
            row => new Row(row.GetProperty("total").GetInt64(), row.GetProperty("active").GetInt64(), row.GetProperty("size").GetInt64(), row.GetProperty("reclaimable").GetInt64()));
    }

    private sealed record Row(long Total, long Active, long Size, long Reclaimable);
}
