using Kleene.Build.Runtime.Images.BaseImages;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.BaseImages;

public sealed class AptSourcesTests : IDisposable
{
    private readonly ScratchDirectory etcApt = new();

    public void Dispose() => etcApt.Dispose();

    [Fact]
    public void Lines_of_the_release_and_its_updates_are_taken()
    {
        etcApt.Write("sources.list", """
            # deb http://comment bookworm main
            deb http://mirror/debian bookworm main contrib # the near one
            deb [ arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] https://mirror/debian bookworm-updates main
            deb http://security bookworm-security main
            deb http://security buster/updates main
            deb-src http://mirror/debian bookworm main
            deb cdrom:[Debian]/ bookworm main
            not a line
            """);

        Assert.Equal(
            [
                "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] https://mirror/debian bookworm-updates main",
                "deb http://mirror/debian bookworm main contrib",
                "deb http://security bookworm-security main",
            ],
            Read());
    }

    [Fact]
    public void Stanzas_give_a_line_for_each_suite()
    {
        etcApt.Write("sources.list.d/debian.sources", """
            Types: deb deb-src
            # a comment in the middle
            URIs: http://mirror/debian
            Suites: bookworm
             bookworm-updates
            Components: main
              non-free-firmware
            Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

            Enabled: no
            Types: deb
            URIs: http://off
            Suites: bookworm
            Components: main
            """ + "\r\n");

        Assert.Equal(
            [
                "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror/debian bookworm main non-free-firmware",
                "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror/debian bookworm-updates main non-free-firmware",
            ],
            Read());
    }

    [Fact]
    public void Other_vendors_stay_out()
    {
        etcApt.Write("sources.list.d/docker.list", "deb [signed-by=/etc/apt/keyrings/docker.asc] https://download bookworm main stable\n");
        etcApt.Write("sources.list.d/node.sources", "Types: deb\nURIs: https://node\nSuites: nodistro\nComponents: main\nSigned-By: /usr/share/keyrings/node.gpg\n");
        etcApt.Write("sources.list.d/inline.sources", "Types: deb\nURIs: https://x\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n");
        etcApt.Write("sources.list.d/ignored.save", "deb http://old bookworm main\n");

        Assert.Empty(Read());
    }

    [Fact]
    public void A_file_of_mirrors_stands_for_its_first_server()
    {
        var mirrors = etcApt.Write("mirrors/debian.list", "# nearest first\nfile:/media\nhttps://near/debian\nhttps://far/debian\n");
        etcApt.Write("sources.list.d/debian.sources", $"Types: deb\nURIs: mirror+file://{mirrors.Replace(' ', '?')}\nSuites: bookworm\nComponents: main\n");
        etcApt.Shell($"mkdir -p '{Path.GetDirectoryName(mirrors.Replace(' ', '?'))}'; cp '{mirrors}' '{mirrors.Replace(' ', '?')}'");

        Assert.Equal(["deb https://near/debian bookworm main"], Read());

        etcApt.Shell($"rm -r '{etcApt.Path.Replace(' ', '?')}'");
    }

    [Fact]
    public void Without_any_configuration_there_are_none() => Assert.Empty(Read());

    private string[] Read() => [.. AptSources.Read(etcApt.Path, "bookworm")];
}
