using System.Text;
using Kleene.Build.Builder.Events;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Testing;

namespace Kleene.Build.Builder.Tests.Execution.Mounting;

/// <summary>What a jail is asked for when a command has mounts.</summary>
public sealed class RunMountTests : IDisposable
{
    private readonly BuildHarness harness = new();

    public void Dispose() => harness.Dispose();

    [RootFact]
    public async Task Mounts_are_given_to_the_jail_those_above_first_and_taken_back()
    {
        await harness.AddBaseAsync();
        await File.WriteAllTextAsync(Path.Join(harness.ContextDirectory, "x"), "context");
        var seen = new List<string>();
        harness.Jails.On("see", (spec, _, _) =>
        {
            seen.AddRange(spec.Mounts.Select(mount => $"{mount.Destination} {(mount.IsMemory ? $"memory {mount.SizeBytes}" : Path.GetFileName(mount.Source) is "source" ? "own" : "tree")} {(mount.ReadOnly ? "ro" : "rw")}"));
            Assert.All(spec.Mounts.Where(mount => !mount.IsMemory), mount => Assert.True(Path.Exists(mount.Source)));
            Assert.Equal("context", File.ReadAllText(Path.Join(spec.Mounts[0].Source, "x")));
            return Task.FromResult(new ExitStatus(0));
        });

        var events = await harness.BuildAsync(
            "FROM base AS t\nFROM base\nRUN --mount=type=tmpfs,target=/a/b/c,size=9 --mount=type=cache,id=k,target=/a/b --mount=target=/a --mount=from=t,target=/z/y/x/w,rw see\n");

        Assert.Equal(["/a own ro", "/a/b tree rw", "/a/b/c memory 9 rw", "/z/y/x/w tree rw"], seen);
        Assert.IsType<BuildEvent.Completed>(events[^1]);
        Assert.Equal(0, harness.UnfinishedTrees);
        Assert.Equal("cache-k", Assert.Single(harness.VolumeRecords.List()).Name);
    }

    [RootFact]
    public async Task Commands_that_only_read_share_a_tree_and_one_that_writes_has_its_own()
    {
        await harness.AddBaseAsync();
        var places = new List<string>();
        foreach (var command in (string[])["one", "two", "three"])
        {
            harness.Jails.On(command, (spec, _, _) =>
            {
                places.Add(Assert.Single(spec.Mounts).Source);
                return Task.FromResult(new ExitStatus(0));
            });
        }

        await harness.BuildAsync("FROM base\nRUN --mount=target=/c one\nRUN --mount=target=/d two\nRUN --mount=target=/e,rw three\n");

        Assert.Equal(places[0], places[1]);
        Assert.NotEqual(places[0], places[2]);
        Assert.Equal(0, harness.UnfinishedTrees);
    }

    [RootFact]
    public async Task What_is_mounted_below_something_read_only_finds_its_place_there()
    {
        await harness.AddBaseAsync();
        Directory.CreateDirectory(Path.Join(harness.ContextDirectory, "deep"));
        var found = "";
        harness.Jails.On("see", (spec, _, _) =>
        {
            var tree = spec.Mounts[0].Source;
            found = $"{Directory.Exists(Path.Join(tree, "deep/cache"))} {File.Exists(Path.Join(tree, "new/key"))} {new FileInfo(Path.Join(tree, "new/key")).Length}";
            return Task.FromResult(new ExitStatus(0));
        });

        await harness.BuildAsync(
            "FROM base\nRUN --mount=target=/a --mount=type=cache,target=/a/deep/cache --mount=type=secret,id=s,target=/a/new/key see\n",
            request => request with { Secrets = SecretsOf("s", "value") });

        Assert.Equal("True True 0", found);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Join(harness.ContextDirectory, "deep")));
    }

    [RootFact]
    public async Task A_secret_is_a_file_and_a_variable_and_takes_the_place_of_one_of_that_name()
    {
        await harness.AddBaseAsync();
        JailSpec? asked = null;
        harness.Jails.On("see", (spec, _, _) =>
        {
            asked = spec;
            return Task.FromResult(new ExitStatus(0));
        });

        await harness.BuildAsync(
            "FROM base\nENV TOKEN=public OTHER=1\nRUN --mount=type=secret,id=t,env=TOKEN --mount=type=secret,id=t,uid=5,mode=0440 --mount=type=secret,id=none,env=NONE see\n",
            request => request with { Secrets = SecretsOf("t", "private") });

        Assert.NotNull(asked);
        Assert.Equal<string>(["TOKEN=private"], asked.Process.SecretEnvironment);
        Assert.DoesNotContain(asked.Process.Environment, entry => entry.StartsWith("TOKEN=", StringComparison.Ordinal));
        Assert.Contains("OTHER=1", asked.Process.Environment);
        var file = Assert.Single(asked.Files);
        Assert.Equal(("/run/secrets/t", "private", 0x120u, 5u), (file.Destination, Encoding.UTF8.GetString(file.Content.Span), file.Permissions, file.Owner.User));
    }

    [RootFact]
    public async Task What_a_jail_says_of_a_secret_is_covered_in_output_and_errors()
    {
        await harness.AddBaseAsync();
        harness.Jails.On("prints", exitCode: 0, "it is private");
        harness.Jails.On("fails", (_, _, _) => throw new JailStartException(JailStartFailure.NotFound, "'private' is not in the image"));
        harness.Jails.On("breaks", (_, _, _) => throw new JailStartException(JailStartFailure.Jail, "the runtime says private"));
        BuildRequest Secretly(BuildRequest request) => request with { Secrets = SecretsOf("t", "private") };

        var printed = await harness.BuildAsync("FROM base\nRUN prints\n", Secretly);
        var failed = await harness.BuildAsync("FROM base\nRUN fails\n", Secretly);
        var broken = await Assert.ThrowsAsync<KleeneException>(() => harness.BuildAsync("FROM base\nRUN breaks\n", Secretly));

        Assert.Contains("1 > it is ***", BuildHarness.Told(printed));
        Assert.Contains("1 failed: '***' is not in the image", BuildHarness.Told(failed));
        Assert.Equal("the runtime says ***", broken.Message);
        Assert.DoesNotContain("private", broken.ToString(), StringComparison.Ordinal);
    }

    [RootFact]
    public async Task A_build_that_fails_gives_its_mounts_back()
    {
        await harness.AddBaseAsync();
        harness.Jails.On("fails", exitCode: 3);

        var events = await harness.BuildAsync("FROM base\nRUN --mount=type=cache,id=k,target=/c,sharing=locked --mount=target=/d,rw fails\n", request => request with { KeepFailed = false });

        Assert.IsType<BuildEvent.Failed>(events[^1]);
        Assert.Equal(0, harness.UnfinishedTrees);
        await harness.Volumes.RemoveAsync(Assert.Single(harness.VolumeRecords.List()), CancellationToken.None);
        Assert.Empty(harness.VolumeRecords.List());
    }

    [RootFact]
    public async Task A_cache_begins_with_the_files_of_its_origin_once()
    {
        await harness.AddBaseAsync();
        var held = new List<string>();
        harness.Jails.On("use", async (spec, _, cancellationToken) =>
        {
            var cache = Assert.Single(spec.Mounts).Source;
            held.Add(string.Join(' ', Directory.EnumerateFiles(cache).Select(Path.GetFileName).Order(StringComparer.Ordinal)));
            await File.WriteAllTextAsync(Path.Join(cache, "more"), "", cancellationToken);
            File.Delete(Path.Join(cache, "base"));
            return new ExitStatus(0);
        });

        await harness.BuildAsync("FROM base\nRUN --mount=type=cache,id=k,target=/c,from=base use\n");
        await harness.BuildAsync("FROM base\nRUN --mount=type=cache,id=k,target=/c,from=base use\n", request => request with { NoCache = true });

        Assert.Equal(["base", "more"], held);
    }

    [RootFact]
    public async Task Insecure_commands_need_consent_before_anything_runs()
    {
        await harness.AddBaseAsync();
        const string Kleenefile = "FROM base\nRUN first\nRUN --security=insecure second\n";

        var refused = await Assert.ThrowsAsync<KleeneException>(() => harness.BuildAsync(Kleenefile));
        Assert.Empty(harness.Jails.Started);
        await harness.BuildAsync(Kleenefile, request => request with { AllowInsecure = true });

        Assert.StartsWith("Kleenefile:3: ", refused.Message, StringComparison.Ordinal);
        Assert.Equal([false, true], harness.Jails.Started.Select(spec => spec.IsPrivileged));
    }

    private static BuildSecrets SecretsOf(string id, string value) => new([new BuildSecret(id, Encoding.UTF8.GetBytes(value))]);
}
