using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>What people get wrong and what machines lack: each has an error that says what to change, and leaves nothing behind.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task An_unknown_instruction_is_told_with_the_nearest()
    {
        var said = await space.FailAsync(2, "build", space.Context("FROM scratch\nCPOY a b\n"));

        Assert.Contains("Kleenefile:2:1: error KB0001: unknown instruction 'CPOY'; did you mean 'COPY'?\n  2 | CPOY a b\n    | ^^^^\n", said, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task An_undefined_stage_and_whatever_else_is_wrong_are_told_at_once()
    {
        var said = await space.FailAsync(2, "build", space.Context("FROM scratch AS build\nFROM scratch\nCOPY --from=biuld /a /b\nRUN\nWORKDRI /x\n"));

        Assert.Contains("Kleenefile:3:13: error", said, StringComparison.Ordinal);
        Assert.Contains("did you mean 'build'?", said, StringComparison.Ordinal);
        Assert.Contains("Kleenefile:4:1: error", said, StringComparison.Ordinal);
        Assert.Contains("did you mean 'WORKDIR'?", said, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_missing_base_image_is_told_with_the_nearest()
    {
        await space.WithBusyboxAsync();

        var said = await space.FailAsync(1, "build", space.Context("FROM busybos\nRUN true\n"));

        Assert.Equal("error: Kleenefile:1: there is no image 'busybos'; did you mean 'busybox:latest'?\n", said);
    }

    [JailFact]
    public async Task A_copy_of_what_is_not_there_is_told_with_the_nearest()
    {
        var context = space.Context("FROM scratch\nCOPY sorces /a\nCOPY nothing-like-it /b\n");
        space.Write("context/sources", "");

        var said = await space.FailAsync(1, "build", context);

        Assert.Contains("error: Kleenefile:2: COPY sorces /a: ", said, StringComparison.Ordinal);
        Assert.Contains("did you mean 'sources'?", said, StringComparison.Ordinal);
        Assert.Contains("error: Kleenefile:3: COPY nothing-like-it /b: ", said, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_copy_of_an_ignored_file_names_the_rule()
    {
        var context = space.Context("FROM scratch\nCOPY secret.key /\n");
        space.Write("context/secret.key", "");
        space.Write("context/.kleeneignore", "# keys\n*.key\n");

        var said = await space.FailAsync(1, "build", context);

        Assert.Contains("'secret.key'", said, StringComparison.Ordinal);
        Assert.Contains(".kleeneignore:2", said, StringComparison.Ordinal);
        Assert.Contains("*.key", said, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_path_that_leads_out_of_the_context_ends_at_its_root()
    {
        space.Write("outside", "secret");
        var context = space.Context("FROM scratch\nCOPY ../outside /\n");

        var said = await space.FailAsync(1, "build", context);

        Assert.Contains("'../outside' leads out of the build context, which ends there: 'outside' of the context is copied", said, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", said, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_link_in_the_context_does_not_lead_out_of_it()
    {
        space.Write("outside", "secret");
        var context = space.Context("FROM scratch\nCOPY link /\n");
        File.CreateSymbolicLink(space["context/link"], space["outside"]);

        await space.FailAsync(1, "build", context);
    }

    [JailFact]
    public async Task A_link_in_the_image_does_not_lead_out_of_it()
    {
        await space.WithBusyboxAsync();
        var host = space.MakeDirectory("host");
        var context = space.Context($"FROM busybox\nRUN ln -s '{host}' /link\nCOPY file /link/\n");
        space.Write("context/file", "from the context");

        await space.RunAsync("build", "-t", "app", context);

        Assert.Empty(Directory.GetFileSystemEntries(host));
    }

    [JailFact]
    public async Task A_context_that_is_not_there_is_named()
    {
        var said = await space.FailAsync(2, "build", space["no such context"]);

        Assert.StartsWith($"error: the context '{space["no such context"]}'", said, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_context_without_a_kleenefile_says_which_names_were_looked_for()
    {
        var said = await space.FailAsync(2, "build", space.MakeDirectory("empty"));

        Assert.Contains("Kleenefile", said, StringComparison.Ordinal);
        Assert.Contains("Dockerfile", said, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_broken_archive_makes_no_image()
    {
        var whole = space["whole.tar.gz"];
        await space.RunAsync(CommandLine.Of("tar", "-czf", whole, "-C", "/bin", "busybox"));
        var bytes = await File.ReadAllBytesAsync(whole);
        await File.WriteAllBytesAsync(space["broken.tar.gz"], bytes[..(bytes.Length / 2)]);

        var said = await space.FailAsync(1, "image", "create", "-t", "broken", "fetch", space["broken.tar.gz"]);
        var missing = await space.FailAsync(1, "image", "create", "-t", "broken", "fetch", space["no.tar"]);

        Assert.StartsWith("error: ", said, StringComparison.Ordinal);
        Assert.Contains("there is no file", missing, StringComparison.Ordinal);
        Assert.Equal("", await space.SucceedAsync("image", "ls", "-q"));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_full_disk_ends_the_build_and_nothing_else()
    {
        var disk = space.MakeDirectory("small disk");
        await Mount("-t", "tmpfs", "-o", "size=12m,mode=700", "small", disk);
        try
        {
            using var small = new KleeneSpace { Root = Path.Join(disk, "state") };
            await small.WithBusyboxAsync();
            var context = space.Context("FROM busybox\nRUN dd if=/dev/zero of=/big bs=1M count=50\n");

            var ran = await small.FailAsync(1, "build", "--progress", "plain", "-t", "app", "--rm", context);
            space.Write("context/large", new string('x', 20 << 20));
            var copied = await small.FailAsync(1, "build", "--progress", "plain", "-t", "app", "--rm", space.Context("FROM busybox\nCOPY large /\n"));

            Assert.Contains("No space left on device", ran, StringComparison.Ordinal);
            Assert.Contains("no space", copied, StringComparison.OrdinalIgnoreCase);
            await small.AssertCleanAsync();
            Assert.Equal("ok\n", await small.SucceedAsync("run", "--rm", "busybox", "echo", "ok"));
        }
        finally
        {
            await space.RunAsync(CommandLine.Of("umount", disk));
        }
    }

    [JailFact]
    public async Task A_read_only_root_directory_is_told()
    {
        var disk = space.MakeDirectory("read only");
        await Mount("-t", "tmpfs", "-o", "ro,mode=700", "fixed", disk);
        try
        {
            using var fixedSpace = new KleeneSpace { Root = disk };

            var said = await fixedSpace.FailAsync(1, "image", "ls");

            Assert.Contains("read-only", said, StringComparison.Ordinal);
            Assert.Contains("--root", said, StringComparison.Ordinal);
        }
        finally
        {
            await space.RunAsync(CommandLine.Of("umount", disk));
        }
    }

    [JailFact]
    public async Task A_root_directory_that_others_can_read_is_refused()
    {
        Directory.CreateDirectory(space.StateRoot);
        File.SetUnixFileMode(space.StateRoot, (UnixFileMode)0x1ed);

        var said = await space.FailAsync(1, "image", "ls");

        Assert.Contains("chmod 700", said, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task Without_privileges_it_is_told_which()
    {
        await space.WithBusyboxAsync();
        var build = space.Command("image", "ls");

        var denied = await space.RunAsync(new CommandLine("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "--", build.Program, .. build.Arguments]));

        Assert.Equal(1, denied.Exit.ShellCode);
        Assert.StartsWith("error: ", denied.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", denied.Error, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task Without_a_runtime_it_is_told_what_to_install()
    {
        await space.WithBusyboxAsync();
        var build = space.Command("build", space.Context("FROM busybox\nRUN true\n"));

        var said = await space.RunAsync(build with { Environment = build.Environment.Add("KLEENE_RUNTIME=no-such-runtime") });

        Assert.Equal(1, said.Exit.ShellCode);
        Assert.Contains("no-such-runtime", said.Error, StringComparison.Ordinal);
        Assert.Contains("install", said.Error, StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_step_that_fails_without_a_network_is_told_that_it_had_none()
    {
        await space.WithBusyboxAsync();

        var said = await space.FailAsync(1, "build", "--progress", "plain", "--network", "none", space.Context("FROM busybox\nRUN nslookup example.org\n"));

        Assert.Contains("it had no network", said, StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_command_that_the_image_does_not_have_is_named()
    {
        await space.WithBusyboxAsync();

        var exec = await space.FailAsync(1, "build", space.Context("FROM busybox\nRUN [\"ecko\", \"hi\"]\n"));
        var noShell = await space.FailAsync(1, "build", space.Context("FROM scratch\nRUN echo hi\n"));

        Assert.Contains("'ecko'", exec, StringComparison.Ordinal);
        Assert.Contains("'/bin/sh'", noShell, StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task Two_builds_of_one_tag_at_once_both_succeed()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN sleep 0.2; echo 1 > /one\nRUN echo 2 > /two\nRUN echo 3 > /three\n");

        var builds = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => space.RunAsync("build", "-q", "-t", "app", context)));

        Assert.All(builds, build => Assert.True(build.Exit.Success, build.Error));
        Assert.Equal("1\n2\n3\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/one", "/two", "/three"));
        await space.AssertCleanAsync();
    }

    [JailTheory]
    [InlineData("biuld", "error: there is no command 'biuld'; did you mean 'build'?")]
    [InlineData("build", "error: ")]
    [InlineData("build --tga x .", "error: ")]
    [InlineData("build -t UPPER:@ .", "error: ")]
    [InlineData("run", "error: ")]
    [InlineData("image", "error: ")]
    [InlineData("image creat", "error: there is no command 'image creat'; did you mean 'image create'?")]
    [InlineData("build --progress fancy .", "error: ")]
    public async Task A_command_line_that_makes_no_sense_is_a_usage_error(string words, string begins)
    {
        var said = await space.FailAsync(2, words.Split(' '));

        Assert.StartsWith(begins, said, StringComparison.Ordinal);
    }

    private async Task Mount(params string[] arguments) => Assert.True((await space.RunAsync(new CommandLine("mount", [.. arguments]))).Exit.Success);
}
