using Kleene.Build.Runtime.Images.BaseImages;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Processes;

namespace Kleene.Build.Runtime.Tests.BaseImages;

public sealed class FreeBsdBaseImageTests
{
    [Theory]
    [InlineData("13.2-RELEASE\n", "amd64\n", "13.2", "https://download.freebsd.org/releases/amd64/13.2-RELEASE/base.txz")]
    [InlineData("13.2-RELEASE-p4\n", "amd64\n", "13.2", "https://download.freebsd.org/releases/amd64/13.2-RELEASE/base.txz")]
    [InlineData("14.0-RELEASE\n", "aarch64\n", "14.0", "https://download.freebsd.org/releases/aarch64/14.0-RELEASE/base.txz")]
    public void The_base_system_of_a_release_has_an_address(string release, string machine, string version, string address) =>
        Assert.Equal((version, address), FreeBsdBaseImage.AddressOf(release, machine));

    [Theory]
    [InlineData("15.0-CURRENT")]
    [InlineData("14.1-STABLE")]
    [InlineData("13.2-RELEASE/../../evil")]
    [InlineData("")]
    public void What_is_not_a_release_is_not_published(string release) =>
        Assert.Contains("kleene image create fetch", Assert.Throws<KleeneException>(() => FreeBsdBaseImage.AddressOf(release, "amd64")).Message, StringComparison.Ordinal);

    [Fact]
    public async Task It_is_fetched_by_the_systems_own_program_and_unpacked()
    {
        using var scratch = new ScratchDirectory();
        scratch.Write("made/etc/motd", "hello");
        var runner = new RecordingProcessRunner()
            .Reply("kern.osrelease", output: "13.2-RELEASE-p4\n")
            .Reply("hw.machine_arch", output: "amd64\n")
            .Reply("-q", first: command => scratch.Shell($"tar -C '{scratch["made"]}' -cf '{command.Arguments[2]}' ."));

        var content = await new FreeBsdBaseImage(runner).WriteAsync(scratch.MakeDirectory("root"), new Reports([]), CancellationToken.None);

        Assert.Equal("freebsd:13.2", content.SuggestedName);
        Assert.Equal("hello", File.ReadAllText(scratch["root/etc/motd"]));
        Assert.EndsWith("base.txz https://download.freebsd.org/releases/amd64/13.2-RELEASE/base.txz", runner.Commands[^1].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fetch_says_is_told()
    {
        using var scratch = new ScratchDirectory();
        var runner = new RecordingProcessRunner()
            .Reply("kern.osrelease", output: "13.2-RELEASE\n")
            .Reply("hw.machine_arch", output: "amd64\n")
            .Reply("-q", exitCode: 1, error: "fetch: https://download.freebsd.org/releases/amd64/13.2-RELEASE/base.txz: Not Found\n");

        var failure = await Assert.ThrowsAsync<KleeneException>(() => new FreeBsdBaseImage(runner).WriteAsync(scratch.MakeDirectory("root"), new Reports([]), CancellationToken.None));

        Assert.Contains("Not Found", failure.Message, StringComparison.Ordinal);
    }
}
