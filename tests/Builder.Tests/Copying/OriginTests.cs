using Kleene.Build.Builder.Copying;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Builder.Tests.Copying;

/// <summary>What comes along with files from another image, and with their directories.</summary>
public sealed class OriginTests : IDisposable
{
    private readonly CopySpace space = new();

    public void Dispose() => space.Dispose();

    [RootFact]
    public void What_comes_from_an_image_keeps_its_owners_and_what_comes_from_the_host_does_not()
    {
        space.Shell("cd context; mkdir d; touch d/f; ln -s f d/l; chown -hR 12:13 d");

        space.Copy("/stage/x/", ["d"], keepsOwners: true);
        space.Copy("/host/", ["d"]);
        space.Copy("/asked/", ["d"], new CopyManner { Owner = "0" }, keepsOwners: true);

        Assert.Equal(
            """
            asked 0:0
            asked/f 0:0
            asked/l 0:0
            host 0:0
            host/f 0:0
            host/l 0:0
            stage 0:0
            stage/x 0:0
            stage/x/f 12:13
            stage/x/l 12:13
            """,
            space.Image("%P %U:%G"));
    }

    [Fact]
    public void A_directory_that_contents_are_copied_to_gets_the_time_of_theirs()
    {
        space.Shell("mkdir -p context/d/e image/there; touch context/d/f; touch -d '2001-02-03 04:05:06.5 UTC' context/d/e context/d; chmod 700 context/d image/there");

        space.Copy("/new/x", ["d"]);
        space.Copy("/there", ["d"]);

        Assert.Equal(
            "new/x 755 981173106.5000000000\nnew/x/e 755 981173106.5000000000\nthere 700 981173106.5000000000\n",
            space.Shell("cd image; find new/x new/x/e there -maxdepth 0 -printf '%p %m %T@\\n'"));
    }

    [RootTheory]
    [InlineData("4750", "750", "4750")]
    [InlineData("01777", "777", "1777")]
    [InlineData("0", "0", "0")]
    public void Directories_on_the_way_get_the_access_bits_of_an_octal_mode(string mode, string directory, string file)
    {
        space.Write("context/f", "x");

        space.Copy("/new/", ["f"], new CopyManner { Mode = ModeChange.TryParse(mode) });

        Assert.Equal($"{directory}\n{file}\n", space.Shell("stat -c %a image/new image/new/f"));
    }

    [RootFact]
    public void Directories_on_the_way_of_a_linked_copy_become_those_that_it_would_have_made()
    {
        space.Shell("mkdir -p image/tmp/x; chmod 1777 image/tmp; chown 5:6 image/tmp; chmod 700 image/tmp/x; touch context/f");

        space.Copy("/tmp/f", ["f"], new CopyManner { LiesOver = true });

        Assert.Equal("tmp 755 0:0\ntmp/f 644 0:0\ntmp/x 700 0:0", space.Image("%P %m %U:%G"));
    }
}
