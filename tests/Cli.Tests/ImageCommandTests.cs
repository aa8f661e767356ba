using System.Text.Json;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

public sealed class ImageCommandTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task Names_are_given_listed_and_taken_away()
    {
        await space.WithBusyboxAsync();
        await space.SucceedAsync("image", "tag", "busybox", "registry.example:5000/box:1.0");
        var id = (await space.SucceedAsync("lsi", "-q")).Trim();

        Assert.Equal(["busybox latest", "registry.example:5000/box 1.0"], Lines(await space.SucceedAsync("image", "ls", "--format", "{{.name}} {{.tag}}")));
        using (var listed = JsonDocument.Parse(await space.SucceedAsync("image", "ls", "--format", "json")))
        {
            Assert.Equal([id, id], listed.RootElement.EnumerateArray().Select(image => image.GetProperty("id").GetString()));
        }

        Assert.Equal("busybox:latest\n", await space.SucceedAsync("image", "rm", "busybox"));
        Assert.Equal(["registry.example:5000/box"], Lines(await space.SucceedAsync("image", "ls", "--format", "{{.name}}")));
        Assert.Equal($"{id}\n", await space.SucceedAsync("rmi", id[..4]));
        Assert.Equal("", await space.SucceedAsync("image", "ls", "-q"));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_place_in_an_image_can_neither_be_named_nor_removed()
    {
        await space.WithBusyboxAsync();
        var place = $"busybox{(await space.SucceedAsync("image", "ls", "--format", "{{.snapshot}}")).Trim()}";

        Assert.Equal("0\n", await space.SucceedAsync("run", "--rm", place, "sh", "-c", "echo $?"));
        await space.FailAsync(2, "image", "rm", place);
        await space.FailAsync(2, "image", "tag", place, "other");
        await space.FailAsync(2, "image", "tag", "busybox", "other@abc");
        await space.FailAsync(2, "build", "-t", place, space.Context("FROM busybox\n"));

        Assert.Equal(["busybox"], Lines(await space.SucceedAsync("image", "ls", "--format", "{{.name}}")));
    }

    [JailFact]
    public async Task An_image_tells_how_it_was_made()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context("FROM busybox\nENV A=\"it's\"\nRUN echo 1 > /one && \\\n  true\nRUN echo 2 > /two\n"), "app");

        Assert.Equal(
            ["1 built RUN echo 1 > /one && true", "2 built RUN echo 2 > /two"],
            Lines(await space.SucceedAsync("image", "history", "--format", "{{.index}} {{.state}} {{.text}}", "app")).Select(line => string.Join(' ', line.Replace('\\', ' ').Split(' ', StringSplitOptions.RemoveEmptyEntries))));
        Assert.Equal(3, Lines(await space.SucceedAsync("history", "app")).Length);

        using var inspected = JsonDocument.Parse(await space.SucceedAsync("image", "inspect", "app", "busybox"));
        Assert.Equal(["app:latest", "busybox:latest"], inspected.RootElement.EnumerateArray().Select(image => image.GetProperty("names")[0].GetString()));
        Assert.Contains("A=it's", inspected.RootElement[0].GetProperty("config").GetProperty("Env").EnumerateArray().Select(entry => entry.GetString()));
        Assert.Equal(2, inspected.RootElement[0].GetProperty("steps").GetArrayLength());
        Assert.Contains("there is no image 'ap'", await space.FailAsync(1, "image", "inspect", "app", "ap"), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task Pruning_takes_what_has_no_name_and_leaves_what_is_used()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context("FROM busybox\nRUN echo 1 > /one\n"), "app");
        await space.BuildAsync(space.Context("FROM busybox\nRUN echo 2 > /one\n"), "app");

        Assert.Single(Lines(await space.SucceedAsync("image", "prune")), line => !line.StartsWith('@'));
        Assert.Equal("2\n", await space.SucceedAsync("run", "--name", "user", "app", "cat", "/one"));
        await space.SucceedAsync("image", "prune", "-a");
        Assert.Equal(["app"], Lines(await space.SucceedAsync("image", "ls", "--format", "{{.name}}")));

        await space.SucceedAsync("rm", "user");
        await space.SucceedAsync("image", "prune", "-a");
        Assert.Equal("", await space.SucceedAsync("image", "ls", "-q"));
        await space.AssertCleanAsync();
    }

    /// <summary>One prunes for as long as the other builds: neither may take what the other needs.</summary>
    [JailFact]
    public async Task Pruning_beside_a_build_takes_nothing_from_it()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN echo 1 > /one\nRUN sleep 0.5\nRUN cat /one\n");

        var build = space.RunAsync("build", "-q", "-t", "app", context);
        while (!build.IsCompleted)
        {
            await space.SucceedAsync("image", "prune");
        }

        var built = await build;
        Assert.True(built.Exit.Success, built.Error);
        Assert.Equal("1\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/one"));
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task A_workdir_through_a_file_fails_at_its_step()
    {
        await space.WithBusyboxAsync();

        var said = await space.FailAsync(1, "build", "--progress", "plain", "-t", "app", space.Context("FROM busybox\nRUN echo 1 > /one\nWORKDIR /one/below\n"));

        Assert.Contains("error: Kleenefile:3: WORKDIR /one/below: ", said, StringComparison.Ordinal);
        Assert.Contains("Most recent snapshot is @", said, StringComparison.Ordinal);
        Assert.Equal("1\n", await space.SucceedAsync("run", "--rm", "--workdir", "/", "app:failed", "cat", "/one"));
    }

    [JailFact]
    public async Task A_build_that_is_repaired_does_not_keep_the_failure_in_its_history()
    {
        await space.WithBusyboxAsync();
        await space.FailAsync(1, "build", "-t", "app", space.Context("FROM busybox\nRUN echo 1 > /one\nRUN false\n"));

        await space.BuildAsync(space.Context("FROM busybox\nRUN echo 1 > /one\n"), "app");

        Assert.Equal(["cached"], Lines(await space.SucceedAsync("image", "history", "--format", "{{.state}}", "app")));
    }

    [JailFact]
    public async Task The_installation_tells_what_it_uses()
    {
        await space.WithBusyboxAsync();

        var told = Lines(await space.SucceedAsync("system", "info")).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0], pair => pair[1]);

        Assert.Equal(["version", "root", "storage", "storage reason", "max-size", "images", "containers"], told.Keys);
        Assert.Equal((space.StateRoot, "overlay", "1", "0"), (told["root"], told["storage"], told["images"], told["containers"]));
    }

    [Fact]
    public async Task The_context_tells_its_files_and_why()
    {
        var context = space.Context("FROM scratch\n");
        space.Write("context/src/it's a file", "12345");
        space.Write("context/notes.md", "x");
        space.Write("context/.kleeneignore", "# ours\n*.md\n");

        var seen = Lines(await space.SucceedAsync("context", "ls", "--format", "{{.path}} {{.size}}", context));
        using var why = JsonDocument.Parse(await space.SucceedAsync("context", "ls", "--why", "--format", "json", context));

        Assert.Contains("src/it's a file 5", seen);
        Assert.DoesNotContain(seen, line => line.StartsWith("notes.md", StringComparison.Ordinal));
        var ignored = Assert.Single(why.RootElement.EnumerateArray(), file => file.GetProperty("ignored").GetBoolean());
        Assert.Equal(("notes.md", ".kleeneignore:2: *.md"), (ignored.GetProperty("path").GetString(), ignored.GetProperty("rule").GetString()));
        Assert.False(Directory.Exists(space.StateRoot));
    }

    [RootFact]
    public async Task A_plan_needs_no_privileges_and_no_state()
    {
        var context = space.Context("FROM debian:12 AS base\nRUN echo \"it's\"\nFROM base\nCOPY a /a\n");
        File.SetUnixFileMode(Path.GetDirectoryName(context)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);

        using var json = JsonDocument.Parse(await AsNobodyAsync("plan", "--format", "json", context));
        var dot = await AsNobodyAsync("plan", "--format", "dot", context);
        var text = await AsNobodyAsync("plan", context);

        Assert.Equal(2, json.RootElement.GetProperty("stages").GetArrayLength());
        Assert.StartsWith("digraph", dot, StringComparison.Ordinal);
        Assert.Contains("stage 0 base from image debian:12", text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(space.StateRoot));
    }

    [JailFact]
    public async Task A_result_that_cannot_be_written_is_an_error()
    {
        var result = await space.RunAsync(CommandLine.Of("sh", "-c", $"{space.Command("image", "ls")} > /dev/full"));

        Assert.Equal(1, result.Exit.ShellCode);
        Assert.StartsWith("error: ", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [JailTheory]
    [InlineData(2, "run --foo busybox true", "error: 'run' has no option '--foo'")]
    [InlineData(2, "run --stop-signal SIGTRM busybox true", "error: --stop-signal: 'SIGTRM' is not a signal")]
    [InlineData(2, "run --cpus NaN busybox true", "error: --cpus has to be a number")]
    [InlineData(2, "stop --time NaN x", "error: --time is not a time")]
    [InlineData(2, "image inspect @abc", "error: '@abc' is not an image reference")]
    [InlineData(125, "run nothing-like-it true", "error: there is no image 'nothing-like-it'")]
    [InlineData(125, "exec nobody true", "error: there is no container 'nobody'")]
    [InlineData(1, "stop nobody", "error: there is no container 'nobody'")]
    [InlineData(2, "image ls --format {{.idd}}", "error: there is no field '.idd' here; did you mean '.id'?")]
    public async Task Every_way_to_fail_has_its_code_and_its_words(int code, string words, string says)
    {
        await space.WithBusyboxAsync();

        Assert.StartsWith(says, await space.FailAsync(code, words.Split(' ')), StringComparison.Ordinal);
    }

    [JailFact]
    public async Task A_root_may_be_called_like_a_verb_and_a_hostname_given_by_its_short_form()
    {
        await space.WithBusyboxAsync();
        var root = space.MakeDirectory("elsewhere");
        var command = space.Command() with { WorkingDirectory = root, Arguments = ["--storage", "overlay", "--root", "build", "ps", "-q"] };

        Assert.True((await space.RunAsync(command)).Exit.Success);
        Assert.True(File.Exists(Path.Join(root, "build/kleene.db")));
        Assert.Equal("box\n", await space.SucceedAsync("run", "--rm", "-h", "box", "busybox", "hostname"));
    }

    [JailFact]
    public async Task A_working_directory_belongs_to_whoever_runs_the_commands_in_it()
    {
        await space.WithBusyboxAsync();
        var context = space.Context(
            """
            FROM busybox
            RUN mkdir /there && printf 'root:x:0:0::/:\nweb:x:1000:33::/:\n' > /etc/passwd
            USER web
            WORKDIR /srv/app
            WORKDIR /there
            USER nobody-yet
            WORKDIR /later
            """);

        await space.BuildAsync(context, "app");

        Assert.Equal(
            "1000:33 /srv\n1000:33 /srv/app\n0:0 /there\n0:0 /later\n",
            await space.SucceedAsync("run", "--rm", "-u", "0", "app", "stat", "-c", "%u:%g %n", "/srv", "/srv/app", "/there", "/later"));
    }

    [JailFact]
    public async Task The_files_of_an_image_are_exported_as_an_archive()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context("FROM scratch\nCOPY <<name /a/\ncontent\nname\n"), "app");

        await space.SucceedAsync("image", "export", "-o", space["app.tar"], "app");

        using var archive = new System.Formats.Tar.TarReader(File.OpenRead(space["app.tar"]));
        var names = new List<string>();
        while (archive.GetNextEntry() is { } entry)
        {
            names.Add(entry.Name);
        }

        Assert.Equal(["./", "a/", "a/name"], names);
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private async Task<string> AsNobodyAsync(params string[] arguments)
    {
        var command = new CommandLine("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "--", KleeneSpace.Binary, .. arguments]) { Environment = CommandLine.ToolEnvironment };
        var result = await space.RunAsync(command);
        Assert.True(result.Exit.Success, result.Error);
        return result.Output;
    }
}
