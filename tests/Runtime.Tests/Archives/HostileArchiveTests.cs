using Kleene.Build.Runtime.Archives;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Archives;

/// <summary>Archives that try to leave the directory they are unpacked into. Beside it lies a directory that must stay as it is.</summary>
public sealed class HostileArchiveTests : IDisposable
{
    private readonly ScratchDirectory folder = new();
    private readonly string outside;
    private readonly string before;

    public HostileArchiveTests()
    {
        folder.MakeDirectory("root");
        outside = folder.MakeDirectory("outside");
        File.WriteAllText(folder["outside/secret"], "secret");
        before = TreeListing.Of(outside);
    }

    public void Dispose() => folder.Dispose();

    [RootFact]
    public async Task Absolute_names_are_below_the_root()
    {
        await ExtractAsync(new TarBytes().File(folder["outside/secret"], "owned").File("/etc/new", "x"));

        Assert.Equal("x", File.ReadAllText(folder["root/etc/new"]));
        Assert.Equal("owned", File.ReadAllText(folder["root" + folder["outside/secret"]]));
        AssertNothingEscaped();
    }

    [RootTheory]
    [InlineData("../outside/secret")]
    [InlineData("a/../../outside/secret")]
    [InlineData("a/..")]
    [InlineData("..")]
    public async Task Names_that_climb_are_refused(string name)
    {
        foreach (var archive in new[] { new TarBytes().File(name, "owned"), new TarBytes().Directory(name, 0), new TarBytes().SymbolicLink(name, "x") })
        {
            var error = await Assert.ThrowsAsync<ArchiveException>(() => ExtractAsync(archive));
            Assert.Contains("climbs", error.Message, StringComparison.Ordinal);
        }

        AssertNothingEscaped();
    }

    [RootTheory]
    [InlineData("../outside")]
    [InlineData("../../../../../../../../../../../../outside")]
    [InlineData("{outside}")]
    [InlineData("/proc/self/root{outside}")]
    [InlineData("/proc/self/cwd/../outside")]
    public async Task Writing_through_a_link_to_outside_stays_inside(string target)
    {
        var archive = new TarBytes().SymbolicLink("out", target.Replace("{outside}", outside)).File("out/secret", "owned").Directory("out/made");

        await AttemptAsync(archive);

        AssertNothingEscaped();
    }

    [RootFact]
    public async Task A_chain_of_links_does_not_lead_out()
    {
        var archive = new TarBytes().Directory("a").SymbolicLink("a/up", "..").SymbolicLink("b", "a/up/..").SymbolicLink("c", "b/outside").File("c/secret", "owned");

        await AttemptAsync(archive);

        AssertNothingEscaped();
    }

    [RootFact]
    public async Task A_file_over_a_link_replaces_the_link()
    {
        await ExtractAsync(new TarBytes().SymbolicLink("l", folder["outside/secret"]).File("l", "mine"));

        Assert.Equal("mine", File.ReadAllText(folder["root/l"]));
        Assert.Null(new FileInfo(folder["root/l"]).LinkTarget);
        AssertNothingEscaped();
    }

    [RootFact]
    public async Task A_directory_over_a_link_replaces_the_link_and_leaves_its_target_alone()
    {
        await ExtractAsync(new TarBytes().SymbolicLink("d", outside).Directory("d", 0).File("d/f", "x"));

        Assert.True(File.Exists(folder["root/d/f"]));
        AssertNothingEscaped();
    }

    [RootFact]
    public async Task A_directory_that_became_a_link_does_not_hand_its_mode_and_time_to_the_target()
    {
        await ExtractAsync(new TarBytes().Directory("d", 0).SymbolicLink("d", outside));

        Assert.Equal(outside, new FileInfo(folder["root/d"]).LinkTarget);
        AssertNothingEscaped();
    }

    [RootTheory]
    [InlineData("../outside/secret")]
    [InlineData("{outside}/secret")]
    [InlineData("out/secret")]
    public async Task Hard_links_to_files_outside_are_refused(string target)
    {
        var archive = new TarBytes().SymbolicLink("out", outside).HardLink("stolen", target.Replace("{outside}", outside)).File("stolen", "owned");

        await Assert.ThrowsAsync<ArchiveException>(() => ExtractAsync(archive));

        AssertNothingEscaped();
    }

    [RootFact]
    public async Task A_hard_link_to_a_link_is_another_name_of_the_link_not_of_its_target()
    {
        await ExtractAsync(new TarBytes().SymbolicLink("l", folder["outside/secret"]).HardLink("h", "l"));

        Assert.Equal(folder["outside/secret"], new FileInfo(folder["root/h"]).LinkTarget);
        AssertNothingEscaped();
    }

    [RootFact]
    public async Task Metadata_of_a_link_stay_with_the_link()
    {
        await ExtractAsync(new TarBytes().Pax(("uid", "5"u8.ToArray()), ("mtime", "7"u8.ToArray())).SymbolicLink("l", folder["outside/secret"]));

        AssertNothingEscaped();
    }

    public static TheoryData<string, byte[]> Impossible => new()
    {
        { "root directory", new TarBytes().Header('6', "/"u8.ToArray()).End() },
        { "root directory", new TarBytes().SymbolicLink("./", "/etc").End() },
        { "NUL", new TarBytes().Pax(("path", "a\0b"u8.ToArray())).File("f").End() },
        { "NUL", new TarBytes().Pax(("linkpath", "a\0b"u8.ToArray())).SymbolicLink("f", "x").End() },
        { "NUL", new TarBytes().Pax(("SCHILY.xattr.user.a\0b", "x"u8.ToArray())).File("f").End() },
        { "longer than a path", new TarBytes().Pax(("path", [.. Enumerable.Repeat("a/"u8.ToArray(), 1_000_000).SelectMany(x => x)])).File("f").End() },
        { "name too long", new TarBytes().Pax(("path", [.. Enumerable.Repeat((byte)'n', 256)])).File("f").End() },
        { "name too long", new TarBytes().Pax(("linkpath", [.. Enumerable.Repeat((byte)'n', 5000)])).SymbolicLink("f", "x").End() },
        { "no such file", new TarBytes().SymbolicLink("f", "").End() },
        { "no such file", new TarBytes().HardLink("f", "missing").End() },
        { "not a directory", new TarBytes().File("f").File("f/g").End() },
        { "symbolic links", new TarBytes().SymbolicLink("l", "l").File("l/f").End() },
        { "directory not empty", new TarBytes().File("d/f").File("d").End() },
        { "owner", new TarBytes().Pax(("uid", "4294967295"u8.ToArray())).File("f").End() },
        { "owner", new TarBytes().Pax(("gid", "-1"u8.ToArray())).File("f").End() },
    };

    [RootTheory, MemberData(nameof(Impossible))]
    public async Task What_no_file_system_can_have_is_refused_with_the_reason(string reason, byte[] archive)
    {
        var error = await Assert.ThrowsAsync<ArchiveException>(() => ExtractAsync(archive));

        Assert.Contains(reason, error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [RootFact]
    public async Task No_flipped_bits_let_an_archive_out_or_bring_the_extractor_down()
    {
        var seed = new TarBytes()
            .Pax('g', ("mtime", "1.5"u8.ToArray())).Directory("d/").File("d/f", "content").SymbolicLink("l", "../outside").File("l/secret", "owned")
            .HardLink("h", "d/f").Pax(("path", "long/name"u8.ToArray()), ("SCHILY.xattr.user.x", [0, 1]), ("size", "4"u8.ToArray())).File("x"u8.ToArray(), "abcd"u8.ToArray())
            .Extension('L', "gnu/long\0"u8.ToArray()).File("g", new string('z', 700)).Device('3', "null", "0000001", "0000003").SymbolicLink("d2", "d").End();
        var random = new Random(20261121);

        for (var round = 0; round < 800; round++)
        {
            var archive = seed.ToArray();
            for (var flips = random.Next(1, 6); flips > 0; flips--)
            {
                var at = random.Next(archive.Length - 1024);
                archive[at] = (byte)(random.Next(3) == 0 ? random.Next(256) : archive[at] ^ (1 << random.Next(8)));

                // Most headers must stay believable, or nothing but checksums would be tested.
                var block = archive.AsSpan(at / 512 * 512, 512).ToArray();
                if (random.Next(10) > 0 && block.AsSpan(257, 5).SequenceEqual("ustar"u8))
                {
                    TarBytes.Sign(block);
                    block.CopyTo(archive, at / 512 * 512);
                }
            }

            await AttemptAsync(archive);
            HostTool.Run("rm", "-rf", folder["root"]);
        }

        AssertNothingEscaped();
    }

    private Task<ExtractionResult> ExtractAsync(TarBytes archive) => ExtractAsync(archive.End());

    private Task<ExtractionResult> ExtractAsync(byte[] archive) =>
        new ArchiveExtractor(ExtractionLimits.Default).ExtractAsync(new MemoryStream(archive), folder.MakeDirectory("root"), CancellationToken.None);

    private Task AttemptAsync(TarBytes archive) => AttemptAsync(archive.End());

    /// <summary>May fail, but only by saying why.</summary>
    private async Task AttemptAsync(byte[] archive)
    {
        try
        {
            await ExtractAsync(archive);
        }
        catch (KleeneException)
        {
        }
    }

    private void AssertNothingEscaped()
    {
        Assert.Equal(before, TreeListing.Of(outside));
        Assert.Subset(new HashSet<string?> { "root", "outside" }, Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).ToHashSet());
    }
}
