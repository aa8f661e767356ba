using System.Diagnostics;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests.Containers;

/// <summary>Whoever is killed at whatever moment, a command of ours, the supervisor or the runtime: the store opens again, and nothing stays taken.</summary>
public sealed class KillTests : IAsyncLifetime
{
    private const int Kills = 200;

    private static readonly string[] Run = ["run", "-d", "--name", "box", "--network", "own:ip=10.219.3.2", "-p", "18733:80", "-v", "data:/data", "busybox", "sleep", "1000"];

    private static readonly string[][] Commands =
    [
        Run, Run, ["start", "box"], ["stop", "-t", "0", "box"], ["restart", "-t", "0", "box"], ["kill", "box"], ["exec", "box", "true"], ["rm", "-f", "box"], ["ps", "-a"],
    ];

    private readonly KleeneSpace space = new();

    public async Task InitializeAsync()
    {
        if (new JailFactAttribute().Skip is null)
        {
            await space.WithBusyboxAsync();
            await space.SucceedAsync("network", "create", "--subnet", "10.219.3.0/29", "own");
        }
    }

    public Task DisposeAsync()
    {
        space.Dispose();
        return Task.CompletedTask;
    }

    [JailFact]
    public async Task Nobody_who_is_killed_leaves_a_name_an_address_a_port_or_a_mount_behind()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var told = new Queue<string>();
        try
        {
            for (var kills = 0; kills < Kills;)
            {
                var command = random.GetItems(Commands, 1)[0];
                var running = space.RunAsync(command);
                await Task.Delay(TimeSpan.FromSeconds(random.NextDouble() * 0.2));
                var victim = KillSomebody(random);
                var result = await running;
                kills += victim is null ? 0 : 1;
                told.Enqueue($"{string.Join(' ', command)}: {result.Exit}, killed: {victim ?? "nobody"}; {result.Error}");
                if (told.Count > 12)
                {
                    told.Dequeue();
                }

                Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
                await space.SucceedAsync("ps", "-a");
                if (random.Next(8) == 0)
                {
                    await RemoveAsync();
                    await space.SucceedAsync(Run);
                    Assert.Equal("", await space.SucceedAsync("exec", "box", "touch", "/data/file"));
                }
            }

            await space.SucceedAsync("system", "check");
            await RemoveAsync();
            await space.SucceedAsync("volume", "rm", "data");
            await space.SucceedAsync("network", "rm", "own");
            await space.AssertCleanAsync();
            Assert.Empty(Directory.GetFileSystemEntries(Path.Join(space.StateRoot, "containers")));
            Assert.Equal("", space.Shell($"pgrep -f -- '[-]-bundle {space.JailDirectory}' || true"));
            Assert.DoesNotContain(Path.GetFileName(space.JailDirectory), space.Shell("nft list tables"), StringComparison.Ordinal);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"with seed {seed}, after\n{string.Join('\n', told)}\n{exception.Message}", exception);
        }
    }

    private async Task RemoveAsync()
    {
        if ((await space.SucceedAsync("ps", "-a", "-q")).Length > 0)
        {
            await space.SucceedAsync("rm", "-f", "box");
        }
    }

    /// <summary>Kills one of the processes that work on this store, if there is one; the containers' own are not among them.</summary>
    private string? KillSomebody(Random random)
    {
        var candidates = new List<(int Id, string Line)>();
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(path => char.IsDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                var line = File.ReadAllText(Path.Join(directory, "cmdline")).Replace('\0', ' ');
                if (line.Contains(space.StateRoot, StringComparison.Ordinal) || line.Contains(space.JailDirectory, StringComparison.Ordinal))
                {
                    candidates.Add((int.Parse(Path.GetFileName(directory), System.Globalization.CultureInfo.InvariantCulture), line));
                }
            }
            catch (IOException)
            {
                // It ended while we looked.
            }
        }

        if (candidates.Count == 0)
        {
            return null;
        }

        var (id, words) = candidates[random.Next(candidates.Count)];
        try
        {
            using var victim = Process.GetProcessById(id);
            victim.Kill();
            return words;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }
}
