using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Processes;

public class HiddenMountsTests
{
    /// <summary>A pool thread that is born of the watching thread inherits its mount namespace for life: it must have ours.</summary>
    [JailFact]
    public async Task The_thread_that_watches_a_program_stays_in_our_mount_namespace()
    {
        string? watching = null;
        var runner = new ProcessRunner((_, _, _) => watching = MountNamespace());

        var inside = await runner.RunAsync(
            CommandLine.Of("readlink", "/proc/self/ns/mnt") with { HiddenMounts = ["/sys/fs/cgroup"] }, ProcessOutput.Captured, CancellationToken.None);

        Assert.Equal(MountNamespace(), watching);
        Assert.NotEqual(MountNamespace(), inside.Output.Trim());
    }

    private static string? MountNamespace() => new FileInfo("/proc/thread-self/ns/mnt").LinkTarget;
}
