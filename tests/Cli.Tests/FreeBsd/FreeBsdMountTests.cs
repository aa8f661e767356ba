using System.Runtime.CompilerServices;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Approvals;

namespace Kleene.Build.Cli.Tests.FreeBsd;

/// <summary>What is mounted in a jail by itself: devices, and on request processes and open files. All of it goes, the last first, whoever is left to do it.</summary>
[Collection(FreeBsdSpace.Collection)]
public sealed class FreeBsdMountTests
{
    private static readonly string[] Run =
        ["run", "-d", "--name", "web", "-l", "host", "-v", "data:/srv", "-J", "mount.procfs", "-J", "mount.fdescfs", "base", "httpd"];

    [RootFact]
    public async Task Processes_and_open_files_are_mounted_on_request_and_unmounted_in_reverse_order()
    {
        await using var space = await new FreeBsdSpace().WithBaseAsync();
        space.Machine.On("httpd", async inmate => await inmate.Killed);

        await space.SucceedAsync(Run);
        var mounted = space.Machine.Remains.Where(remains => remains.StartsWith("mount ", StringComparison.Ordinal)).Select(Stable).ToList();
        await space.SucceedAsync("stop", "web");
        await space.Machine.SettleAsync();

        // The image has no /proc. It was made to be mounted on, and has gone again.
        Assert.DoesNotContain("/proc", await space.SucceedAsync("diff", "web"), StringComparison.Ordinal);
        Assert.Equal(["/.kleene", "/etc/hosts", "/etc/resolv.conf", "/srv", "/dev", "/dev/fd", "/proc"], mounted);
        Assert.Empty(space.Machine.Remains);

        string Stable(string line) => line[(line.LastIndexOf("/zfs/", StringComparison.Ordinal) + "/zfs/".Length + 12)..];
    }

    [RootFact]
    public async Task What_a_jail_leaves_mounted_that_somebody_else_removed_is_unmounted_the_last_first()
    {
        await using var space = await new FreeBsdSpace().WithBaseAsync();
        space.Machine.On("httpd", async inmate => await inmate.Killed);
        var id = (await space.SucceedAsync(Run)).Trim();
        space.Machine.Clear();

        // Without its file, so that nothing is known of what was mounted (04).
        await space.Machine.RunAsync(CommandLine.Of("/usr/sbin/jail", "-R", id), ProcessOutput.Captured, CancellationToken.None);
        await space.Machine.SettleAsync();
        await space.SucceedAsync("rm", "-f", "web");

        Assert.Empty(space.Machine.Remains);
        Approved.Matches(space.Transcript(), Beside("mounts.approved.txt"));
    }

    private static string Beside(string name, [CallerFilePath] string path = "") => Path.Join(Path.GetDirectoryName(path), "testdata", name);
}
