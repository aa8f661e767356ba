using System.Net.Sockets;
using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Images.BaseImages;
using Kleene.Build.Runtime.Tests.Archives;
using Kleene.Build.Testing;
using Xunit;

namespace Kleene.Build.Runtime.Tests.BaseImages;

public sealed class FetchBaseImageTests : IDisposable
{
    private readonly byte[] archive = new TarBytes().Directory("bin").File("bin/sh", "#!").File("noise", Noise()).End();
    private readonly ScratchDirectory folder = new();
    private readonly List<BaseImageProgress> reports = [];

    public void Dispose() => folder.Dispose();

    [RootTheory]
    [InlineData("cat", "rootfs.tar")]
    [InlineData("gzip", "root fs.tar.gz")]
    [InlineData("xz", "lying name.zip")]
    [InlineData("bzip2", "noextension")]
    [InlineData("zstd", "it's.tar.zst")]
    public async Task A_file_is_unpacked_by_its_content_not_its_name(string packer, string name)
    {
        File.WriteAllBytes(folder[name], packer == "cat" ? archive : HostTool.Run(packer, archive, "-c"));

        var content = await FetchAsync(folder[name]);

        Assert.Equal("#!", File.ReadAllText(folder["root/bin/sh"]));
        Assert.Equal("/bin/sh", Assert.Single(content.Config.Cmd));
    }

    [RootFact]
    public async Task The_key_is_that_of_the_archive_however_it_is_packed_and_wherever_it_comes_from()
    {
        File.WriteAllBytes(folder["a.tar"], archive);
        File.WriteAllBytes(folder["b.tar.gz"], HostTool.Run("gzip", archive, "-c"));
        using var server = new LocalServer((_, connection) => LocalServer.SendAsync(connection, "200 OK", HostTool.Run("zstd", archive, "-c")));

        var keys = new[] { await FetchAsync(folder["a.tar"]), await FetchAsync(new Uri(folder["b.tar.gz"]).AbsoluteUri), await FetchAsync(server.Address + "/c") };

        Assert.Single(keys.Select(content => content.Key).Distinct());
    }

    [RootFact]
    public async Task A_download_tells_how_far_it_got()
    {
        using var server = new LocalServer((_, connection) => LocalServer.SendAsync(connection, "200 OK", archive));

        var content = await FetchAsync(server.Address + "/images/Alpine-3.20.tar.gz?token=x");

        Assert.Equal("alpine-3.20", content.SuggestedName);
        Assert.Equal((archive.Length, archive.Length), (reports[^1].Done, reports[^1].Total));
        Assert.True(reports.Count > 1);
    }

    [RootFact]
    public async Task A_redirection_is_followed()
    {
        using var server = new LocalServer((path, connection) => path == "/new"
            ? LocalServer.SendAsync(connection, "200 OK", archive)
            : LocalServer.SendAsync(connection, "302 Found", [], "Location: /new\r\n"));

        await FetchAsync(server.Address + "/old");

        Assert.True(File.Exists(folder["root/bin/sh"]));
    }

    [RootTheory]
    [InlineData("404 Not Found", "the server answered 404 Not Found")]
    [InlineData("500 Oh $HOME", "the server answered 500 Oh $HOME")]
    [InlineData("204 No Content", "the file is empty")]
    public async Task An_answer_without_an_archive_is_an_error(string status, string reason)
    {
        using var server = new LocalServer((_, connection) => LocalServer.SendAsync(connection, status, []));

        await FailsAsync(server.Address + "/base.tar", reason);
    }

    [RootFact]
    public async Task A_web_page_in_place_of_the_archive_is_called_so()
    {
        using var server = new LocalServer((_, connection) => LocalServer.SendAsync(connection, "200 OK", "<html>Please log in</html>"u8.ToArray()));

        await FailsAsync(server.Address + "/base.tar", "a web page");
    }

    [RootFact]
    public async Task A_download_that_ends_too_early_is_an_error()
    {
        using var server = new LocalServer(async (_, connection) =>
        {
            await LocalServer.SendHeadAsync(connection, "200 OK", $"Content-Length: {archive.Length}\r\n");
            await connection.WriteAsync(archive.AsMemory(0, archive.Length / 2));
        });

        await FailsAsync(server.Address + "/base.tar", "the connection");
    }

    [RootFact]
    public async Task A_download_cut_off_where_no_length_was_announced_is_an_error()
    {
        using var server = new LocalServer(async (_, connection) =>
        {
            await LocalServer.SendHeadAsync(connection, "200 OK", "");
            await connection.WriteAsync(archive.AsMemory(0, archive.Length / 2));
        });

        await FailsAsync(server.Address + "/base.tar", "it is cut off");
    }

    [RootFact]
    public async Task A_server_that_falls_silent_is_given_up()
    {
        LocalServer? server = null;
        server = new LocalServer(async (_, connection) =>
        {
            await LocalServer.SendHeadAsync(connection, "200 OK", "Content-Length: 1000000\r\n");
            await connection.WriteAsync(archive.AsMemory(0, 512));
            await Task.Delay(Timeout.Infinite, server!.Stopped);
        });

        using (server)
        {
            await FailsAsync(server.Address + "/base.tar", "silent", TimeSpan.FromMilliseconds(200));
        }
    }

    [RootFact]
    public async Task A_server_that_never_answers_is_given_up()
    {
        LocalServer? server = null;
        server = new LocalServer((_, _) => Task.Delay(Timeout.Infinite, server!.Stopped));

        using (server)
        {
            await FailsAsync(server.Address + "/base.tar", "did not answer", TimeSpan.FromMilliseconds(200));
        }
    }

    [RootFact]
    public async Task Cancelling_ends_a_download_that_hangs()
    {
        using var cancel = new CancellationTokenSource();
        LocalServer? server = null;
        server = new LocalServer(async (_, connection) =>
        {
            await LocalServer.SendHeadAsync(connection, "200 OK", "");
            await connection.WriteAsync(archive.AsMemory(0, 512));
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, server!.Stopped);
        });

        using (server)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => FetchAsync(server.Address + "/base.tar", cancellationToken: cancel.Token));
        }
    }

    [Fact]
    public async Task A_password_in_an_address_is_not_shown()
    {
        int port;
        using (var free = new TcpListener(System.Net.IPAddress.Loopback, 0))
        {
            free.Start();
            port = ((System.Net.IPEndPoint)free.LocalEndpoint).Port;
        }

        var error = await Assert.ThrowsAsync<KleeneException>(() => FetchAsync($"http://me:hunter2@127.0.0.1:{port}/base.tar"));

        Assert.StartsWith($"cannot fetch 'http://127.0.0.1:{port}/base.tar': ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/no such/file", "there is no file '/no such/file'")]
    [InlineData("docker://debian:12", "images of registries and OCI layouts cannot be fetched yet")]
    [InlineData("oci:dir", "images of registries and OCI layouts cannot be fetched yet")]
    [InlineData("ftp://host/file", "'ftp' addresses are not known")]
    [InlineData("/", "it is a directory; use 'kleene image create dir /'")]
    public async Task What_cannot_be_fetched_is_refused_with_the_reason(string source, string reason) => await FailsAsync(source, reason);

    [RootFact]
    public async Task An_archive_of_layers_is_refused()
    {
        File.WriteAllBytes(folder["image.tar"], new TarBytes().File("manifest.json", "[]").File("0a1b/layer.tar", "x").End());

        await FailsAsync(folder["image.tar"], "an archive of an image with its layers");
    }

    private static string Noise() => string.Concat(Enumerable.Range(0, 300_000).Select(i => $"{i * 2654435761 % 9999991:x}"));

    private async Task<BaseImageContent> FetchAsync(string source, TimeSpan? patience = null, CancellationToken cancellationToken = default)
    {
        var fetch = new FetchBaseImage(source, ExtractionLimits.Default);
        if (patience is { } given)
        {
            fetch = new FetchBaseImage(source, ExtractionLimits.Default) { Patience = given };
        }

        return await fetch.WriteAsync(folder.MakeDirectory("root"), new Reports(reports), cancellationToken);
    }

    private async Task FailsAsync(string source, string reason, TimeSpan? patience = null)
    {
        var error = await Assert.ThrowsAnyAsync<KleeneException>(() => FetchAsync(source, patience));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }
}
