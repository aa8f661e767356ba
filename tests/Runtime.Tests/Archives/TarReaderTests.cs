using System.Text;
using Kleene.Build.Runtime.Archives;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Archives;

public sealed class TarReaderTests
{
    [Fact]
    public void Entries_come_in_the_order_of_the_archive_with_their_data()
    {
        var archive = new TarBytes().Directory("etc/").File("etc/motd", "hello $USER\r\n").SymbolicLink("sh", "/bin/dash").HardLink("motd", "etc/motd").End();

        var entries = ReadAll(archive);

        Assert.Equal(["Directory etc/", "File etc/motd 'hello $USER\r\n'", "SymbolicLink sh -> /bin/dash", "HardLink motd -> etc/motd"], entries.Select(Describe));
    }

    [Fact]
    public void An_entry_says_its_mode_owner_and_time()
    {
        var archive = new TarBytes().Header('0', "su"u8.ToArray(), mode: 0x9ED, patch: block =>
        {
            TarBytes.Put(block, 108, "0001750\0");
            TarBytes.Put(block, 116, " 144 \0\0\0");
        }).End();

        var entry = Assert.Single(ReadAll(archive)).Entry;

        Assert.Equal((0x9ED, 1000L, 100L, new TarTime(1_600_000_000)), (entry.Mode, entry.UserId, entry.GroupId, entry.ModifiedAt));
    }

    [Fact]
    public void Numbers_too_large_for_octal_are_read_in_binary()
    {
        var archive = new TarBytes().Header('0', "big"u8.ToArray(), patch: block =>
        {
            new byte[] { 0x80, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFE }.CopyTo(block, 108);
            new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE }.CopyTo(block, 136);
        }).End();

        var entry = Assert.Single(ReadAll(archive)).Entry;

        Assert.Equal((4294967294L, new TarTime(-2)), (entry.UserId, entry.ModifiedAt));
    }

    [Fact]
    public void The_prefix_of_a_ustar_header_comes_before_the_name()
    {
        var archive = new TarBytes().Header('0', "name"u8.ToArray(), patch: block => TarBytes.Put(block, 345, "usr/share")).End();

        Assert.Equal("usr/share/name", Assert.Single(ReadAll(archive)).Entry.DisplayName);
    }

    [Fact]
    public void What_gnu_tar_keeps_in_place_of_the_prefix_is_no_part_of_the_name()
    {
        var archive = new TarBytes().Header('0', "name"u8.ToArray(), patch: block =>
        {
            TarBytes.Put(block, 257, "ustar  \0");
            TarBytes.Put(block, 345, "14471660000");
        }).End();

        Assert.Equal("name", Assert.Single(ReadAll(archive)).Entry.DisplayName);
    }

    [Fact]
    public void A_name_of_an_old_archive_that_ends_with_a_slash_is_a_directory()
    {
        var archive = new TarBytes().Header('\0', "old/"u8.ToArray(), patch: block => TarBytes.Put(block, 257, "\0\0\0\0\0\0\0\0")).End();

        Assert.Equal(TarEntryType.Directory, Assert.Single(ReadAll(archive)).Entry.Type);
    }

    [Fact]
    public void Data_behind_the_header_of_a_directory_are_skipped()
    {
        var archive = new TarBytes().File("d/", "junk").File("next").End();

        Assert.Equal(["Directory d/", "File next ''"], ReadAll(archive).Select(Describe));
    }

    [Fact]
    public void Gnu_long_names_replace_those_of_the_next_entry_only()
    {
        var name = new string('n', 300);
        var target = new string('t', 200);
        var archive = new TarBytes()
            .Extension('L', Encoding.UTF8.GetBytes(name + '\0')).Extension('K', Encoding.UTF8.GetBytes(target + '\0'))
            .SymbolicLink("short", "short").File("next").End();

        Assert.Equal([$"SymbolicLink {name} -> {target}", "File next ''"], ReadAll(archive).Select(Describe));
    }

    [Fact]
    public void Pax_records_override_the_header()
    {
        var archive = new TarBytes()
            .Pax(("path", "ein/Pfad mit ü"u8.ToArray()), ("uid", "70000000"u8.ToArray()), ("mtime", "-1.25"u8.ToArray()), ("size", "3"u8.ToArray()))
            .File("short"u8.ToArray(), "abc"u8.ToArray(), size: TarBytes.Octal(0)).File("next").End();

        var entries = ReadAll(archive);

        Assert.Equal(["File ein/Pfad mit ü 'abc'", "File next ''"], entries.Select(Describe));
        Assert.Equal((70000000L, new TarTime(-2, 750_000_000)), (entries[0].Entry.UserId, entries[0].Entry.ModifiedAt));
    }

    [Theory]
    [InlineData("1", 1, 0)]
    [InlineData("1.5", 1, 500_000_000)]
    [InlineData("1.0000000019", 1, 1)]
    [InlineData("-3", -3, 0)]
    [InlineData("-0.5", -1, 500_000_000)]
    [InlineData("1700000000.123456789", 1700000000, 123456789)]
    public void Times_keep_their_nanoseconds(string text, long seconds, int nanoseconds)
    {
        var archive = new TarBytes().Pax(("mtime", Encoding.UTF8.GetBytes(text))).File("f").End();

        Assert.Equal(new TarTime(seconds, nanoseconds), Assert.Single(ReadAll(archive)).Entry.ModifiedAt);
    }

    [Fact]
    public void Global_records_hold_for_every_entry_that_does_not_say_otherwise()
    {
        var archive = new TarBytes()
            .Pax('g', ("uid", "7"u8.ToArray()), ("mtime", "8"u8.ToArray())).File("a")
            .Pax(("uid", "9"u8.ToArray()), ("mtime", ""u8.ToArray())).File("b").File("c").End();

        var entries = ReadAll(archive).Select(read => (read.Entry.UserId, read.Entry.ModifiedAt.Seconds));

        Assert.Equal([(7, 8), (9, 1_600_000_000), (7, 8)], entries);
    }

    [Fact]
    public void Extended_attributes_are_bytes()
    {
        var value = new byte[] { 0, 1, (byte)'\n', (byte)'=', 0xFF };
        var archive = new TarBytes()
            .Pax(("SCHILY.xattr.user.a", value), ("LIBARCHIVE.xattr.user.%25c", "AAEKPf8"u8.ToArray())).File("f").End();

        var xattrs = Assert.Single(ReadAll(archive)).Entry.Xattrs;

        Assert.Equal(["user.%c", "user.a"], xattrs.Select(xattr => xattr.Name));
        Assert.All(xattrs, xattr => Assert.Equal(value, xattr.Value.ToArray()));
    }

    [Fact]
    public void Names_are_bytes()
    {
        byte[] name = [0xFF, (byte)' ', (byte)'\'', (byte)'\n', 0x80];
        var archive = new TarBytes().File(name, []).End();

        var entry = Assert.Single(ReadAll(archive)).Entry;

        Assert.Equal(name, entry.Name.ToArray());
        Assert.DoesNotContain('\n', entry.DisplayName);
    }

    [Fact]
    public void Data_that_nobody_read_are_skipped()
    {
        var reader = new TarReader(new MemoryStream(new TarBytes().File("a", new string('x', 5000)).File("b", "y").End()));

        reader.ReadEntry();

        Assert.Equal("b", reader.ReadEntry()!.DisplayName);
    }

    [Theory]
    [InlineData("")]
    [InlineData("this is no archive")]
    public void What_is_no_archive_is_called_so(string content)
    {
        var error = Fails(Encoding.UTF8.GetBytes(content.PadRight(content.Length == 0 ? 0 : 600)));

        Assert.Contains("it is not a tar archive", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PK\u0003\u0004", "a zip file")]
    [InlineData("<!DOCTYPE html>", "a web page")]
    [InlineData("{\"schemaVersion\":2}", "a manifest of a registry")]
    public void What_people_mistake_for_an_archive_is_named(string content, string name)
    {
        var error = Fails(Encoding.UTF8.GetBytes(content.PadRight(600)));

        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_with_the_name_of_another_format_is_still_an_archive()
    {
        var archive = new TarBytes().File("{name}.json").End();

        Assert.Equal("{name}.json", Assert.Single(ReadAll(archive)).Entry.DisplayName);
    }

    [Fact]
    public void A_wrong_checksum_is_found_with_its_place()
    {
        var archive = new TarBytes().File("good", "1").File("bad", "2").End();
        archive[1024] ^= 1;

        var error = Fails(archive);

        Assert.Equal(1024, error.Offset);
        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_archive_cut_off_anywhere_is_an_error()
    {
        var archive = new TarBytes()
            .Pax(("path", "a long name"u8.ToArray())).File("x", new string('x', 1500)).Extension('L', "gnu\0"u8.ToArray()).SymbolicLink("y", "z").End();

        // What may be missing without loss is the second block of the two that end an archive.
        foreach (var length in Enumerable.Range(0, archive.Length - 512))
        {
            Fails(archive[..length]);
        }
    }

    [Fact]
    public void A_damaged_entry_is_named_in_the_error()
    {
        var error = Fails(new TarBytes().Pax(("path", "etc/\u001b[31mname"u8.ToArray()), ("size", "1x"u8.ToArray())).File("x").End());

        Assert.Equal("etc/?[31mname", error.Entry);
        Assert.Contains("'size' is not a number", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, byte[]> Unreadable => new()
    {
        { "sparse", new TarBytes().Header('S', "s"u8.ToArray()).End() },
        { "sparse", new TarBytes().Pax(("GNU.sparse.major", "1"u8.ToArray())).File("s").End() },
        { "multi-volume", new TarBytes().Header('M', "m"u8.ToArray()).End() },
        { "type 0x57", new TarBytes().Header('W', "w"u8.ToArray()).End() },
        { "cannot be", new TarBytes().Header('0', "f"u8.ToArray(), patch: block => block.AsSpan(124, 12).Fill(0xFF)).End() },
        { "cannot be", new TarBytes().Header('0', "f"u8.ToArray(), patch: block => Convert.FromHexString("800000007FFFFFFFFFFFFFFF").CopyTo(block, 124)).End() },
        { "size in the header is not a number", new TarBytes().File("f", size: "0000000009\0").End() },
        { "owner in the header is not a number", new TarBytes().Header('0', "f"u8.ToArray(), patch: block => TarBytes.Put(block, 108, "0x1f")).End() },
        { "cannot be", new TarBytes().Header('x', "f"u8.ToArray(), size: "77777777777").End() },
        { "wrong length", new TarBytes().Extension('x', "99 path=x\n"u8.ToArray()).File("f").End() },
        { "wrong length", new TarBytes().Extension('x', "-9 path=x\n"u8.ToArray()).File("f").End() },
        { "wrong length", new TarBytes().Extension('x', "3 path=x\n"u8.ToArray()).File("f").End() },
        { "wrong length", new TarBytes().Extension('x', "99999999999999999999 path=x\n"u8.ToArray()).File("f").End() },
        { "no key", new TarBytes().Extension('x', "7 =abc\n"u8.ToArray()).File("f").End() },
        { "not UTF-8", new TarBytes().Extension('x', [.. "10 pat"u8, 0xFF, .. "=x\n"u8]).File("f").End() },
        { "is not a time", new TarBytes().Pax(("mtime", "1.2.3"u8.ToArray())).File("f").End() },
        { "is not a time", new TarBytes().Pax(("mtime", "."u8.ToArray())).File("f").End() },
        { "LIBARCHIVE", new TarBytes().Pax(("LIBARCHIVE.xattr.user.x", "!!"u8.ToArray())).File("f").End() },
        { "device number", new TarBytes().Header('3', "d"u8.ToArray(), patch: block => Convert.FromHexString("80000000FFFFFFFF").CopyTo(block, 329)).End() },
        { "an entry should follow", new TarBytes().Extension('L', "lost\0"u8.ToArray()).End() },
    };

    [Theory, MemberData(nameof(Unreadable))]
    public void What_cannot_be_read_is_refused_with_the_reason(string reason, byte[] archive) =>
        Assert.Contains(reason, Fails(archive).Message, StringComparison.Ordinal);

    private static ArchiveException Fails(byte[] archive) => Assert.Throws<ArchiveException>(() => ReadAll(archive));

    private static List<(TarEntry Entry, byte[] Content)> ReadAll(byte[] archive)
    {
        var reader = new TarReader(new MemoryStream(archive));
        var entries = new List<(TarEntry, byte[])>();
        while (reader.ReadEntry() is { } entry)
        {
            using var content = new MemoryStream();
            var buffer = new byte[700];
            while (reader.Read(buffer) is > 0 and var count)
            {
                content.Write(buffer, 0, count);
            }

            entries.Add((entry, content.ToArray()));
        }

        return entries;
    }

    private static string Describe((TarEntry Entry, byte[] Content) read) => read.Entry.Type switch
    {
        TarEntryType.File => $"File {Encoding.UTF8.GetString(read.Entry.Name.Span)} '{Encoding.UTF8.GetString(read.Content)}'",
        TarEntryType.SymbolicLink or TarEntryType.HardLink =>
            $"{read.Entry.Type} {Encoding.UTF8.GetString(read.Entry.Name.Span)} -> {Encoding.UTF8.GetString(read.Entry.LinkName.Span)}",
        _ => $"{read.Entry.Type} {Encoding.UTF8.GetString(read.Entry.Name.Span)}",
    };
}
