using System.Security.Cryptography;
using System.Text;
using Kleene.Build.Runtime.Fetching;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Servers;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Fetching;

public sealed class DownloadCacheTests : IDisposable
{
    private static readonly DateTimeOffset Modified = new(2021, 2, 3, 4, 5, 6, TimeSpan.Zero);

    private readonly ScratchDirectory scratch = new();
    private readonly FileServer server = new();
    private readonly DownloadCache cache;

    public DownloadCacheTests() => cache = new DownloadCache(scratch["down loads"], TimeProvider.System);

    public void Dispose()
    {
        cache.Dispose();
        server.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public async Task A_file_comes_with_its_digest_and_the_time_that_the_server_gives()
    {
        server["/a%20b?x=1"] = new ServedFile("content\r\n") { Modified = Modified };

        var download = await GetAsync("/a%20b?x=1");

        Assert.Equal("content\r\n", await File.ReadAllTextAsync(download.Path));
        Assert.Equal(Sha256("content\r\n"), download.Digest.ToString());
        Assert.Equal(new FileTime(Modified.ToUnixTimeSeconds(), 0), download.Modified);
    }

    [Theory]
    [InlineData("\"one\"", false)]
    [InlineData("W/\"weak\"", true)]
    [InlineData(null, true)]
    public async Task A_file_that_has_not_changed_is_not_sent_again(string? tag, bool hasTime)
    {
        server["/f"] = new ServedFile("x") { EntityTag = tag, Modified = hasTime ? Modified : null };
        var first = await GetAsync("/f");

        var second = await GetAsync("/f");

        Assert.Equal(first, second);
        Assert.Equal(["200 /f", "304 /f"], server.Answers);
    }

    [Fact]
    public async Task A_file_that_has_changed_is_fetched_anew()
    {
        server["/f"] = new ServedFile("old") { EntityTag = "\"1\"" };
        await GetAsync("/f");
        server["/f"] = new ServedFile("new") { EntityTag = "\"2\"" };

        Assert.Equal("new", await File.ReadAllTextAsync((await GetAsync("/f")).Path));
    }

    [Fact]
    public async Task A_server_that_says_nothing_of_changes_is_asked_for_the_file_each_time()
    {
        server["/f"] = new ServedFile("x");

        Assert.Equal(await GetAsync("/f"), await GetAsync("/f"));

        Assert.Equal(["200 /f", "200 /f"], server.Answers);
        Assert.Equal(default, (await GetAsync("/f")).Modified);
    }

    [Theory]
    [InlineData("sha256")]
    [InlineData("sha384")]
    [InlineData("sha512")]
    public async Task A_checksum_is_verified(string algorithm)
    {
        server["/f"] = new ServedFile("x");
        var right = algorithm switch
        {
            "sha256" => Sha256("x"),
            "sha384" => "sha384:" + Convert.ToHexStringLower(SHA384.HashData("x"u8)),
            _ => "sha512:" + Convert.ToHexStringLower(SHA512.HashData("x"u8)),
        };
        var wrong = right[..^1] + (right[^1] == '0' ? '1' : '0');

        Assert.Equal("x", await File.ReadAllTextAsync((await GetAsync("/f", right)).Path));
        var exception = await Assert.ThrowsAsync<KleeneException>(() => GetAsync("/f", wrong));

        Assert.Equal($"'{server.Address}/f' is not the file that --checksum asks for: it has {right}, not {wrong}", exception.Message);
    }

    [Fact]
    public async Task A_file_with_the_right_checksum_is_taken_without_asking()
    {
        server["/f"] = new ServedFile("x") { Modified = Modified };
        var fetched = await GetAsync("/f");
        server.Remove("/f");

        Assert.Equal(fetched, await GetAsync("/f", Sha256("x")));

        Assert.Equal(["200 /f"], server.Answers);
    }

    [Fact]
    public async Task A_redirect_is_followed()
    {
        server.Redirect("/old", "/new%20place");
        server["/new%20place"] = new ServedFile("moved");

        Assert.Equal("moved", await File.ReadAllTextAsync((await GetAsync("/old")).Path));
    }

    [Fact]
    public async Task A_redirect_in_a_circle_is_an_error()
    {
        server.Redirect("/a", "/b");
        server.Redirect("/b", "/a");

        Assert.Contains("/a'", (await Assert.ThrowsAsync<KleeneException>(() => GetAsync("/a"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_there_is_an_error_without_the_password()
    {
        var address = new Uri($"http://me:secret@{server.Address["http://".Length..]}/missing");

        var exception = await Assert.ThrowsAsync<KleeneException>(() => cache.GetAsync(address, null, CancellationToken.None));

        Assert.Equal($"cannot fetch '{server.Address}/missing': the server answered 404 Not Found", exception.Message);
    }

    [Fact]
    public async Task A_file_that_somebody_removed_from_the_cache_is_fetched_again()
    {
        server["/f"] = new ServedFile("x") { EntityTag = "\"1\"" };
        File.Delete((await GetAsync("/f")).Path);

        Assert.Equal("x", await File.ReadAllTextAsync((await GetAsync("/f")).Path));
    }

    [Fact]
    public async Task What_nobody_has_asked_for_in_a_month_goes_when_something_new_comes()
    {
        server["/old"] = new ServedFile("old");
        server["/new"] = new ServedFile("new");
        var old = await GetAsync("/old");
        File.SetLastWriteTimeUtc(old.Path, DateTime.UtcNow.AddDays(-31));

        await GetAsync("/new");

        Assert.False(File.Exists(old.Path));
    }

    private Task<Download> GetAsync(string path, string? checksum = null) =>
        cache.GetAsync(new Uri(server.Address + path), checksum is null ? null : FileChecksum.Parse(checksum), CancellationToken.None);

    private static string Sha256(string text) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
