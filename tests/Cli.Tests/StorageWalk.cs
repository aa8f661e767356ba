namespace Kleene.Build.Cli.Tests;

/// <summary>The same walk through the real executable, whatever keeps the trees.</summary>
internal static class StorageWalk
{
    private const string Kleenefile =
        """
        FROM busybox AS make
        RUN mkdir /out && echo made > '/out/it is'
        FROM busybox
        COPY --from=make /out/ /got/
        RUN cat '/got/it is' > /copy && rm -r /got
        CMD ["cat", "/copy"]

        """;

    public static async Task WalkAsync(KleeneSpace space, string driver)
    {
        Assert.Contains($"storage: {driver}\n", await space.SucceedAsync("system", "info"), StringComparison.Ordinal);
        await space.WithBusyboxAsync();
        var context = space.Context(Kleenefile);

        Assert.DoesNotContain("cache", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
        Assert.Equal(3, (await space.BuildAsync(context, "app")).Split("--> Using cache @").Length - 1);
        Assert.Equal("made\n", await space.SucceedAsync("run", "--rm", "app"));

        space.Context(Kleenefile + "RUN echo half > /half; exit 7\n");
        await space.FailAsync(1, "build", "--progress", "plain", "-t", "app", context);
        Assert.Equal("made\nhalf\n", await space.SucceedAsync("run", "--rm", "app:failed@dirty", "cat", "/copy", "/half"));

        Assert.Equal(3, (await space.RunAsync("run", "--name", "box", "app", "sh", "-c", "echo more > /more; exit 3")).Exit.ShellCode);
        Assert.Contains("'box' was made from it", await space.FailAsync(1, "image", "rm", "app"), StringComparison.Ordinal);
        await space.SucceedAsync("rm", "box");

        await space.SucceedAsync("image", "prune", "--all");
        Assert.Equal("", await space.SucceedAsync("image", "ls", "-q"));
        AssertIsEmpty(space);
    }

    public static void AssertIsEmpty(KleeneSpace space)
    {
        // The zfs driver's own directory is a mount of itself, so that jails do not keep what is unmounted in it.
        Assert.DoesNotContain(space.Mounts().Select(line => line.Split(' ')[4]), point => !point.EndsWith("/state/zfs", StringComparison.Ordinal));
        using var database = new StateReader(space.StateRoot);
        Assert.All((string[])["workspaces", "snapshots", "cache", "containers", "images", "names"], table => Assert.Equal(0, database.Count(table)));
    }
}
