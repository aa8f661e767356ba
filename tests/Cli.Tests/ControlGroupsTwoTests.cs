using System.Text.Json;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>
/// Containers on a machine whose control groups are all of version 2. This one may not be such, so another is started inside it: Linux as a
/// process (User Mode Linux), on the same files.
/// </summary>
public sealed class ControlGroupsTwoTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [UserModeLinuxFact]
    public async Task Steps_run_and_limits_hold_are_shown_and_change()
    {
        // The kernel's command line knows no quotes: no blanks in this name.
        var directory = Directory.CreateTempSubdirectory("kleene-cgroup2-").FullName;
        try
        {
            var script = Path.Join(directory, "init");
            var body = await File.ReadAllTextAsync(Path.Join(KleeneSpace.Repository, "tests/Cli.Tests/testdata/cgroup2/init.sh"));
            await File.WriteAllTextAsync(script, $"#!/bin/bash\nout='{directory}'\nkleene='{KleeneSpace.Binary}'\n{body}");
            File.SetUnixFileMode(script, (UnixFileMode)0x1ed);
            var machine = CommandLine.Of(
                "linux.uml", "mem=1G", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw", $"init={script}", $"uml_dir={directory}/uml", "con=null", "con0=fd:0,fd:1", "quiet");

            var result = await new ProcessRunner().RunAsync(machine with { Timeout = Patience }, ProcessOutput.Captured, CancellationToken.None);

            Assert.True(File.Exists(Path.Join(directory, "left")), $"{result.Output}\n{Read("image")}");
            Assert.Contains("0::/\n", Read("build"), StringComparison.Ordinal);
            Assert.Contains("debug: launch ", Read("build"), StringComparison.Ordinal);
            foreach (var runtime in (string[])["crun", "runc"])
            {
                Assert.Equal(("33554432\n16777216\n50000 100000\n20\n20\n", true), (Read($"limits.{runtime}"), Read($"forks.{runtime}").Contains("can't fork", StringComparison.Ordinal)));
            }

            // It has one processor, and no controller that would choose among several.
            Assert.StartsWith("error: which processors are used cannot be limited here: the control group controller 'cpuset' is not there", Read("cpuset"), StringComparison.Ordinal);
            Assert.Contains("sh -c dd if=/dev/zero", Read("top"), StringComparison.Ordinal);
            var before = Stats("before");
            Assert.Equal((32 << 20, 1), (before.GetProperty("memoryLimit").GetInt64(), before.GetProperty("oomKills").GetInt64()));
            Assert.InRange(before.GetProperty("cpu").GetDouble(), 15, 130);
            Assert.InRange(before.GetProperty("memory").GetInt64(), 1, 32 << 20);
            Assert.Equal("10000 100000\n", Read("quota"));
            var after = Stats("after");
            Assert.Equal((128 << 20, 10), (after.GetProperty("memoryLimit").GetInt64(), after.GetProperty("pidsLimit").GetInt64()));
            Assert.InRange(after.GetProperty("cpu").GetDouble(), 1, 25);
            Assert.DoesNotContain("error", Read("update") + Read("small") + Read("stop"), StringComparison.Ordinal);
            Assert.Contains("No such file", Read("left"), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }

        string Read(string name) => File.Exists(Path.Join(directory, name)) ? File.ReadAllText(Path.Join(directory, name)) : "";

        JsonElement Stats(string name)
        {
            using var document = JsonDocument.Parse(Read(name));
            return document.RootElement[0].Clone();
        }
    }

    private sealed class UserModeLinuxFactAttribute : FactAttribute
    {
        public UserModeLinuxFactAttribute() =>
            Skip = new JailFactAttribute().Skip
                ?? (File.Exists("/usr/bin/linux.uml") ? null : "needs linux.uml (package user-mode-linux)");
    }
}
