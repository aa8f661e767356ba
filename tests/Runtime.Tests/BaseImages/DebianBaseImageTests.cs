using Kleene.Build.Runtime.Images.BaseImages;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Tests.Archives;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.BaseImages;

public sealed class DebianBaseImageTests : IDisposable
{
    private const string OsRelease = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n";

    private readonly ScratchDirectory folder = new();
    private readonly List<BaseImageProgress> reports = [];
    private CommandLine? command;

    public DebianBaseImageTests()
    {
        folder.MakeDirectory("root");
        folder.Write("host/etc/os-release", OsRelease);
        folder.Write("host/etc/apt/sources.list", "deb http://mirror/debian bookworm main\ndeb http://security bookworm-security main\n");
    }

    public void Dispose() => folder.Dispose();

    [RootFact]
    public async Task Mmdebstrap_makes_the_release_of_the_host_from_its_own_sources()
    {
        var content = await MakeAsync(["mmdebstrap", "debootstrap"], Mmdebstrap);

        Assert.Equal("debian:12", content.SuggestedName);
        Assert.Equal("unshare", command!.Program);
        Assert.Equal(["--mount", "mmdebstrap", "--variant=minbase"], command.Arguments[..3].ToArray());
        Assert.Equal(["bookworm", "-"], new[] { command.Arguments[^3], command.Arguments[^1] });
        Assert.Equal("deb http://mirror/debian bookworm main\ndeb http://security bookworm-security main\n"u8.ToArray(), command.Input.ToArray());
        Assert.Contains(command.Environment, variable => variable.StartsWith("SOURCE_DATE_EPOCH=", StringComparison.Ordinal));
        Assert.True(File.Exists(folder["root/bin/sh"]));
        Assert.Contains(reports, report => report.Activity == "I: running apt-get update...");
    }

    [RootFact]
    public async Task What_the_tool_needed_is_removed()
    {
        await MakeAsync(["mmdebstrap"], Mmdebstrap);

        Assert.False(Directory.Exists(Path.GetDirectoryName(command!.Arguments[^2])));
    }

    [RootFact]
    public async Task Without_mmdebstrap_debootstrap_does_and_its_traces_are_removed()
    {
        var content = await MakeAsync(["debootstrap"], Debootstrap);

        Assert.Equal(["--mount", "debootstrap", "--variant=minbase", "bookworm", folder["root"], "http://mirror/debian"], command!.Arguments.ToArray());
        Assert.Equal("debian:12", content.SuggestedName);
        Assert.Equal(
            "etc/apt/sources.list\nvar/cache/apt/archives\nvar/lib/apt/lists/partial\nvar/log/apt\n",
            folder.Shell("cd root; find . -type f -printf '%P\\n' -o -type d -empty -printf '%P\\n' | sort"));
        Assert.Contains("http://security bookworm-security", File.ReadAllText(folder["root/etc/apt/sources.list"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_neither_tool_the_error_says_what_to_install()
    {
        var error = await Assert.ThrowsAsync<KleeneException>(() => MakeAsync([], Mmdebstrap));

        Assert.Contains("apt-get install mmdebstrap", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tool_that_fails_says_why()
    {
        var error = await Assert.ThrowsAsync<ProcessFailedException>(
            () => MakeAsync(["mmdebstrap"], (_, _) => new ProcessResult(new ExitStatus(25), "", "E: apt-get update failed")));

        Assert.Contains("apt-get update failed", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ID=fedora\nPRETTY_NAME=\"Fedora 40\"\nVERSION_CODENAME=\"\"\n", "this is 'Fedora 40'")]
    [InlineData("ID=debian\nVERSION_CODENAME='--evil'\n", "this is 'debian'")]
    public async Task Another_system_is_refused(string osRelease, string reason)
    {
        folder.Write("host/etc/os-release", osRelease);

        var error = await Assert.ThrowsAsync<KleeneException>(() => MakeAsync(["mmdebstrap"], Mmdebstrap));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    private Task<BaseImageContent> MakeAsync(string[] installed, Func<CommandLine, ProcessOutput, ProcessResult> tool) =>
        new DebianBaseImage(new ScriptedRunner(this, tool), installed.Contains, folder["host"])
            .WriteAsync(folder["root"], new Reports(reports), CancellationToken.None);

    private static ProcessResult Mmdebstrap(CommandLine command, ProcessOutput output)
    {
        File.WriteAllBytes(command.Arguments[^2], new TarBytes().Directory("bin").File("bin/sh", "#!").End());
        ((ProcessOutput.Forward)output).Sink.WriteLine(OutputKind.Error, "I: running apt-get update...");
        return new ProcessResult(new ExitStatus(0), "", "");
    }

    private ProcessResult Debootstrap(CommandLine command, ProcessOutput output)
    {
        folder.Shell("""
            cd root; mkdir -p etc/apt var/lib/apt/lists/partial var/cache/apt/archives var/log/apt
            echo host > etc/hostname; ln -s /run/resolv.conf etc/resolv.conf; echo x > etc/apt/sources.list
            echo list > var/lib/apt/lists/mirror_Packages; echo deb > var/cache/apt/archives/a.deb; echo log > var/log/bootstrap.log
            echo log > 'var/log/apt/his tory.log'
            """);
        return new ProcessResult(new ExitStatus(0), "", "");
    }

    private sealed class ScriptedRunner(DebianBaseImageTests test, Func<CommandLine, ProcessOutput, ProcessResult> tool) : IProcessRunner
    {
        public void Start(CommandLine command) => throw new InvalidOperationException("nothing is to outlive this test");

        public Task<ProcessResult> RunAsync(CommandLine command, ProcessOutput output, CancellationToken cancellationToken)
        {
            test.command = command;
            return Task.FromResult(tool(command, output));
        }
    }
}
