using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Approvals;
using Kleene.Build.Testing.FreeBsd;

namespace Kleene.Build.Cli.Tests.FreeBsd;

/// <summary>
/// A walk that ends before each of its commands, by a loss of power or because our process is killed: what the next command then does is approved, and nothing is left.
/// </summary>
[Collection(FreeBsdSpace.Collection)]
public sealed class FreeBsdPowerLossTests
{
    private const string Kleenefile = "FROM base\nRUN make\nCMD [\"httpd\"]\n";

    [RootFact]
    public async Task After_a_loss_of_power_the_next_command_takes_down_what_there_is()
    {
        await using var space = await new FreeBsdSpace().WithBaseAsync();
        var story = new StringBuilder();
        foreach (var moment in await MomentsAsync(space))
        {
            moment.Return(space);
            space.Machine.Restart();
            space.Machine.Clear();
            space.Machine.Note($"$ {moment.Before}");
            await space.SucceedAsync("ps", "-a");

            Assert.Empty(space.Machine.Remains);
            story.Append(CultureInfo.InvariantCulture, $"## power is lost before\n{space.Transcript()}\n");
            await AssertWholeAsync(space);
        }

        Approved.Matches(story.ToString(), Beside("power-loss.approved.txt"));
    }

    [RootFact]
    public async Task After_a_kill_nothing_is_left_when_its_container_is_removed()
    {
        await using var space = await new FreeBsdSpace().WithBaseAsync();
        foreach (var moment in await MomentsAsync(space))
        {
            moment.Return(space);
            space.Machine.Clear();
            await space.SucceedAsync("ps", "-a");
            foreach (var id in (await space.SucceedAsync("ps", "-aq")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                await space.SucceedAsync("rm", "-f", id);
            }

            Assert.True(!space.Machine.Remains.Any(), $"before {moment.Before} is left: {string.Join(", ", space.Machine.Remains)}\n{space.Machine.Transcript}");
        }
    }

    /// <summary>The store and the disk agree; only lock files of sessions and the log of a container that is gone, which mean nothing, may have been left.</summary>
    private static async Task AssertWholeAsync(FreeBsdSpace space) => Assert.DoesNotContain(
        await space.CheckStoreAsync(),
        finding => !finding.StartsWith("session", StringComparison.Ordinal) && !finding.StartsWith("the log of a container that is gone", StringComparison.Ordinal));

    /// <summary>Builds, runs, stops and removes, and keeps what there is before each change.</summary>
    private static async Task<List<Moment>> MomentsAsync(FreeBsdSpace space)
    {
        var moments = new List<Moment>();
        space.Machine.On("httpd", async inmate => await inmate.Killed);
        space.Machine.BeforeChange = command => moments.Add(Moment.Keep(space, command, moments.Count));
        await space.SucceedAsync("network", "create", "-t", "bridge", "--subnet", "10.13.37.0/24", "lab");
        await space.SucceedAsync("build", "-t", "app", "--network", "lab", space.Context(Kleenefile));
        await space.SucceedAsync("run", "-d", "--name", "web", "-l", "vnet", "-n", "lab", "-p", "8080:80", "-v", "data:/srv", "-J", "mount.procfs", "-J", "mount.fdescfs", "app");
        await space.SucceedAsync("stop", "web");
        await space.Machine.SettleAsync();
        await space.SucceedAsync("rm", "web");
        space.Machine.BeforeChange = null;
        return moments;
    }

    private static string Beside(string name, [CallerFilePath] string path = "") => Path.Join(Path.GetDirectoryName(path), "testdata", name);

    /// <summary>All that there is at one moment, on the disks and in the machine.</summary>
    private sealed record Moment(string Before, string Copy, FreeBsdMachine.Memory Memory)
    {
        private static readonly string[] Disks = ["state", "disk"];

        public static Moment Keep(FreeBsdSpace space, string before, int number)
        {
            var copy = space[string.Create(CultureInfo.InvariantCulture, $"moments/{number}")];
            Directory.CreateDirectory(copy);
            Array.ForEach(Disks, name => Run("cp", "-a", space[name], copy));
            return new Moment(before, copy, space.Machine.Remember());
        }

        public void Return(FreeBsdSpace space)
        {
            Array.ForEach(Disks, name => Run("rm", "-rf", space[name]));
            Array.ForEach(Disks, name => Run("mv", Path.Join(Copy, name), space[name]));
            space.Machine.Restore(Memory);
        }

        private static void Run(string program, params string[] arguments) =>
            new ProcessRunner().RunToolAsync(CommandLine.Of(program, arguments), CancellationToken.None).GetAwaiter().GetResult();
    }
}
