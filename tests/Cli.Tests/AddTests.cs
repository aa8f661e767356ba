using System.Globalization;
using System.Security.Cryptography;
using Kleene.Build.Testing.Jails;
using Kleene.Build.Testing.Servers;

namespace Kleene.Build.Cli.Tests;

/// <summary>ADD: archives, web servers and repositories, by what a container of the image sees.</summary>
public sealed class AddTests : IDisposable
{
    private static readonly DateTimeOffset Modified = new(2021, 2, 3, 4, 5, 6, TimeSpan.Zero);

    private readonly KleeneSpace space = new();
    private readonly FileServer web = new();

    public void Dispose()
    {
        web.Dispose();
        space.Dispose();
    }

    [JailFact]
    public async Task Archives_of_the_context_are_unpacked_and_everything_else_is_copied()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("""
            FROM busybox
            WORKDIR /srv
            ADD files.tgz /dst
            ADD --chown=web:www files.tgz plain.txt tree ./
            ADD --unpack=false files.tgz /kept/
            ADD --chmod=600 <<EOF plain.txt /etc/own/
            text
            EOF
            """);
        space.Shell("mkdir -p t/sub context/tree; echo x > 't/sub/a b'; chmod 640 't/sub/a b'; tar -C t --owner=12 --group=13 -czf context/files.tgz sub; echo p > context/plain.txt; echo t > context/tree/in");

        await space.BuildAsync(context, "app");

        Assert.Equal(
            """
            /dst 755 0:0
            /dst/sub 755 12:13
            /dst/sub/a b 640 12:13
            /srv/in 644 1000:1001
            /srv/plain.txt 644 1000:1001
            /srv/sub 755 1000:1001
            /kept/files.tgz 644 0:0
            /etc/own 600 0:0
            /etc/own/EOF 600 0:0
            /etc/own/plain.txt 600 0:0

            """,
            await LookAsync("/dst /dst/sub /dst/sub/* /srv/* /kept/* /etc/own /etc/own/*"));
        Assert.DoesNotContain("--> Snapshot created", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_file_of_a_web_server_is_private_and_has_the_time_of_the_server()
    {
        await space.WithBusyboxAsync();
        web.Redirect("/go", "/tool%20kit.sh");
        web["/tool%20kit.sh"] = new ServedFile("echo hi\n") { Modified = Modified };
        web["/"] = new ServedFile("root") { Modified = Modified };
        var context = space.Context($"""
            FROM busybox
            ADD {web.Address}/tool%20kit.sh?version=1 {web.Address}/go /dir/
            ADD --chmod=0755 --chown=web {web.Address}/tool%20kit.sh /run
            ADD {web.Address}/ /named/
            """);
        web["/tool%20kit.sh?version=1"] = new ServedFile("one") { Modified = Modified };

        await space.BuildAsync(context, "app");

        Assert.Equal(
            $"""
            /dir/go 600 0:0 {Modified.ToUnixTimeSeconds()}
            /dir/tool kit.sh 600 0:0 {Modified.ToUnixTimeSeconds()}
            /run 755 1000:1001 {Modified.ToUnixTimeSeconds()}
            /named/__unnamed__ 600 0:0 {Modified.ToUnixTimeSeconds()}

            """,
            await space.SucceedAsync("run", "--rm", "app", "sh", "-c", "stat -c '%n %a %u:%g %Y' /dir/* /run /named/*"));
        Assert.Equal("one", await space.SucceedAsync("run", "--rm", "app", "cat", "/dir/tool kit.sh"));
    }

    [JailFact]
    public async Task A_file_that_has_not_changed_is_a_hit_and_one_that_has_is_a_miss()
    {
        await space.WithBusyboxAsync();
        var context = space.Context($"FROM busybox\nADD {web.Address}/f /f\n");
        web["/f"] = new ServedFile("one") { EntityTag = "\"1\"" };
        await space.BuildAsync(context, "app");

        Assert.Contains("--> Using cache", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
        web["/f"] = new ServedFile("one") { EntityTag = "\"2\"" };
        Assert.Contains("--> Using cache", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
        web["/f"] = new ServedFile("two") { EntityTag = "\"3\"" };
        Assert.DoesNotContain("--> Using cache", await space.BuildAsync(context, "app"), StringComparison.Ordinal);

        Assert.Equal("two", await space.SucceedAsync("run", "--rm", "app", "cat", "/f"));
        Assert.Equal(["200 /f", "304 /f", "200 /f", "200 /f"], web.Answers);
    }

    [JailFact]
    public async Task A_checksum_makes_a_hit_without_a_server_and_is_insisted_on()
    {
        await space.WithBusyboxAsync();
        var right = Convert.ToHexStringLower(SHA256.HashData("one"u8));
        web["/f"] = new ServedFile("one");
        var context = space.Context($"FROM busybox\nARG SUM={right}\nADD --checksum=sha256:$SUM {web.Address}/f /f\n");
        await space.BuildAsync(context, "app");
        web.Remove("/f");

        Assert.Contains("--> Using cache", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
        web["/f"] = new ServedFile("evil");
        var wrong = new string('0', 64);
        Assert.Contains(
            $"'{web.Address}/f' is not the file that --checksum asks for: it has sha256:",
            await space.FailAsync(1, "build", "--build-arg", $"SUM={wrong}", context),
            StringComparison.Ordinal);
    }

    [JailFact]
    public async Task An_archive_of_a_web_server_is_unpacked_only_where_that_is_asked_for()
    {
        await space.WithBusyboxAsync();
        space.Shell("mkdir t; echo x > t/f; tar -C t -cJf a.tar.xz f");
        web["/a.tar.xz"] = new ServedFile(await File.ReadAllBytesAsync(space["a.tar.xz"]));
        var context = space.Context($"FROM busybox\nADD {web.Address}/a.tar.xz /plain/\nADD --unpack=true {web.Address}/a.tar.xz /open\nADD --unpack {web.Address}/f /none/\n");
        web["/f"] = new ServedFile("no archive");

        await space.BuildAsync(context, "app");

        Assert.Equal("/plain/a.tar.xz 600 0:0\n/open/f 644 0:0\n/none/f 600 0:0\n", await LookAsync("/plain/* /open/* /none/*"));
    }

    [JailFact]
    public async Task What_cannot_be_fetched_is_told_with_all_else_that_is_wrong_before_anything_runs()
    {
        await space.WithBusyboxAsync();
        var context = space.Context($"FROM busybox\nRUN echo never\nADD {web.Address}/nothing /x\nCOPY missing /y\nADD http://127.0.0.1:1/z /z\n");

        var said = await space.FailAsync(1, "build", "--progress", "plain", context);

        Assert.Contains($"Kleenefile:3: ADD {web.Address}/nothing /x: cannot fetch '{web.Address}/nothing': the server answered 404 Not Found", said, StringComparison.Ordinal);
        Assert.Contains("Kleenefile:4: COPY missing /y: there is no 'missing' in the build context", said, StringComparison.Ordinal);
        Assert.Contains("Kleenefile:5: ADD http://127.0.0.1:1/z /z: cannot fetch 'http://127.0.0.1:1/z': Connection refused", said, StringComparison.Ordinal);
        Assert.DoesNotContain("never\n", said.Replace("RUN echo never\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_repository_comes_with_the_files_of_its_commit()
    {
        await space.WithBusyboxAsync();
        using var git = new GitServer();
        git.Shell("mkdir -p sub/deep; echo one > sub/deep/f; echo x > run; chmod +x run; ln -s deep/f sub/link");
        var first = git.Commit();
        git.Shell("git tag v1; echo two > sub/deep/f");
        git.Commit();
        git.Shell("ln -s 'the repo' ../repo");
        var context = space.Context($"""
            FROM busybox
            ADD {git.Server}/repo#v1 /v1
            ADD --chown=web --exclude=**/f {git.Server}/repo?branch=main&subdir=sub /sub/
            ADD --keep-git-dir=true --checksum={first[..9]} {git.Server}/repo#{first} /all
            """);

        await space.BuildAsync(context, "app");

        var time = new DateTimeOffset(2021, 2, 3, 4, 5, 6, TimeSpan.Zero).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        Assert.Equal(
            $"""
            /v1/run 755 0:0 {time}
            /v1/sub/deep/f 644 0:0 {time}
            /sub/deep 755 1000:1001 {time}
            /sub/link 777 1000:1001 {time}
            /all/.git/HEAD 644 0:0 {time}

            """,
            await space.SucceedAsync("run", "--rm", "app", "sh", "-c", "stat -c '%n %a %u:%g %Y' /v1/run /v1/sub/deep/f /sub/* /all/.git/HEAD"));
        Assert.Equal("one\none\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/v1/sub/deep/f", "/all/sub/deep/f"));
        Assert.Equal("no\n", await space.SucceedAsync("run", "--rm", "app", "sh", "-c", "test -e /v1/.git || test -e /sub/deep/f && echo yes || echo no"));

        Assert.DoesNotContain("--> Snapshot created", await space.BuildAsync(context, "app"), StringComparison.Ordinal);
        git.Shell("echo three > sub/new");
        git.Commit();
        Assert.Equal(2, (await space.BuildAsync(context, "app")).Split("--> Snapshot created").Length - 1);
        await space.AssertCleanAsync();
    }

    /// <summary>Path, mode and owner of each, in the order of the shell.</summary>
    private Task<string> LookAsync(string paths) => space.SucceedAsync("run", "--rm", "app", "sh", "-c", $"stat -c '%n %a %u:%g' {paths}");
}
