using Kleene.Build.Builder.Caching;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Builds;

namespace Kleene.Build.Builder.Tests.Caching;

public sealed class StepKeyTests
{
    private static readonly BuildStep.Run Run = new()
    {
        Index = 1,
        Instruction = "RUN",
        Text = "RUN make  all",
        Line = 3,
        EndLine = 3,
        Argv = ["/bin/sh", "-c", "make  all"],
        Environment = ["PATH=/bin", "A=b c"],
        User = "web:web",
        WorkingDirectory = "/src",
    };

    private static readonly BuildStep.Copy Copy = new()
    {
        Index = 1,
        Instruction = "COPY",
        Text = "COPY a b/",
        Line = 3,
        EndLine = 3,
        Sources = ["a"],
        Destination = "/b/",
    };

    [Fact]
    public void A_command_asks_with_all_that_it_sees()
    {
        Assert.Equal(
            """
            format: kleene 2
            platform: linux/amd64
            parent: sha256:parent
            kind: run
            argv: [3]
              /bin/sh
              -c
              make  all
            env: [2]
              PATH=/bin
              A=b c
            user: web:web
            workdir: /src
            network: default

            """,
            Explained(Run));
    }

    [Fact]
    public void A_script_is_part_of_the_question()
    {
        var script = Run with { Script = "#!/bin/sh\necho 1\n", ScriptPath = "/dev/pipes/EOF" };

        Assert.EndsWith("network: default\nscript: #!/bin/sh\necho 1\n\n", Explained(script), StringComparison.Ordinal);
        Assert.NotEqual(Key(script, "p", "x"), Key(script with { Script = "#!/bin/sh\necho 2\n" }, "p", "x"));
    }

    [Fact]
    public void A_copy_asks_with_the_digest_of_its_files()
    {
        Assert.Equal(
            """
            format: kleene 2
            platform: linux/amd64
            parent: sha256:parent
            kind: copy
            files: sha256:tree sha256:files
            destination: /b/

            """,
            Explained(Copy, Files("sha256:files")));
    }

    [Fact]
    public void A_copy_asks_with_what_its_flags_say()
    {
        var explained = Explained(Copy with { Owner = "web:www", Mode = "u=rwX", Exclude = ["*.log", "!a b"], IsLinked = true }, Files("sha256:files"));

        Assert.EndsWith("destination: /b/\nchown: web:www\nchmod: u=rwX\nlinks: replaced\nexclude: [2]\n  *.log\n  !a b\n", explained, StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_asks_with_the_text_of_its_heredocs()
    {
        var copy = Copy with { Heredocs = [new PlannedHeredoc("a", "b", true), new PlannedHeredoc("c", "d", false)] };

        var other = copy with { Heredocs = [new PlannedHeredoc("a", "bc", true), new PlannedHeredoc("", "d", false)] };
        Assert.EndsWith("heredocs: [4]\n  a\n  b\n  c\n  d\n", Explained(copy), StringComparison.Ordinal);
        Assert.Equal(3, new HashSet<string> { Key(copy, "p", "x"), Key(other, "p", "x"), Key(Copy, "p", "x") }.Count);
    }

    [Fact]
    public void A_command_asks_with_what_it_sees_of_its_mounts()
    {
        var run = Run with
        {
            IsInsecure = true,
            Hostname = "box",
            Mounts =
            [
                new RunMount.Bind { Target = "/a b", IsWritable = true },
                new RunMount.Cache { Target = "/c", Id = "never", Namespace = "never", Sharing = CacheSharing.Locked, Access = new MountAccess(Mode: 0x1ff, User: 5) },
                new RunMount.Tmpfs { Target = "/t", SizeBytes = 64 },
                new RunMount.Secret { Target = "/s", Id = "token", Variable = "TOKEN", IsRequired = true },
                new RunMount.Ssh { Target = "/x", Id = "default" },
            ],
        };

        Assert.EndsWith(
            """
            security: insecure
            hostname: box
            mounts: [22]
              bind
              /a b
              rw
              cache
              /c
              rw
              511:5:
              tmpfs
              /t
              rw
              64
              secret
              /s
              token
              TOKEN
              required
              ::
              ssh
              /x
              default
              optional
              ::
            mounted: sha256:tree digest

            """,
            Explained(run, Files("digest")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Where_a_step_stands_is_not_what_it_asks() =>
        Assert.Equal(Key(Run, "p", "x"), Key(Run with { Line = 9, EndLine = 12, Index = 4, Text = "RUN something else" }, "p", "x"));

    /// <summary>Written down, because a key that changes makes every build of every user run again.</summary>
    [Fact]
    public void Keys_stay_what_they_are() =>
        Assert.Equal("sha256:", Key(Run, "sha256:parent", "linux/amd64")[..7]);

    [Fact]
    public void Words_that_join_to_the_same_text_are_different_questions()
    {
        var one = Key(Run with { Argv = ["a b", "c"] }, "p", "x");
        var other = Key(Run with { Argv = ["a", "b c"] }, "p", "x");
        var third = Key(Run with { Argv = ["a b", "c"], Environment = [], User = "PATH=/binA=b c" }, "p", "x");

        Assert.Equal(3, new HashSet<string> { one, other, third }.Count);
    }

    [Fact]
    public void What_identifies_several_sources_is_one_field_of_the_hash_and_several_of_the_record()
    {
        var question = new StepQuestion(Copy, "p", [Files("one"), Files("two")], "x");

        Assert.Equal(["one", "two"], question.Record().Inputs.Where(input => input.Name == "files").Select(input => input.Values[1]));
        Assert.NotEqual(question.Key(), (question with { Reads = [Files("two"), Files("one")] }).Key());
        Assert.NotEqual(question.Key(), (question with { Reads = [Files("one")] }).Key());
    }

    [Fact]
    public void Where_a_variable_is_from_is_told_and_not_asked()
    {
        var told = Run with { EnvironmentOrigins = [new VariableOrigin(VariableSource.Base), new VariableOrigin(VariableSource.BuildArgument, "Kleenefile:2")] };

        var input = new StepQuestion(told, "p", [], "x").Record().Inputs.Single(input => input.Name == "env");

        Assert.Equal(["base image ", "--build-arg Kleenefile:2"], input.Origins!.Value.Select(origin => $"{origin.Source} {origin.Place}"));
        Assert.Equal(Key(Run, "p", "x"), Key(told, "p", "x"));
    }

    private static string Key(BuildStep step, string parent, string platform) => new StepQuestion(step, parent, [], platform).Key();

    private static ReadInput.Paths Files(string identity) => new("stage 'a'", "sha256:tree", [identity]);

    /// <summary>The record as text, one value a line.</summary>
    private static string Explained(BuildStep step, params ReadInput[] reads)
    {
        var text = new System.Text.StringBuilder();
        foreach (var input in new StepQuestion(step, "sha256:parent", [.. reads], "linux/amd64").Record().Inputs)
        {
            _ = input.Kind == KeyInputKind.List
                ? text.Append($"{input.Name}: [{input.Values.Length}]\n").AppendJoin("", input.Values.Select(value => $"  {value}\n"))
                : text.Append($"{input.Name}: {string.Join(' ', input.Values)}\n");
        }

        return text.ToString();
    }
}
