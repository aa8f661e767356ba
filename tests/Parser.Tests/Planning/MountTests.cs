using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Diagnostics;

namespace Kleene.Build.Parser.Tests.Planning;

public sealed class MountTests
{
    [Theory]
    [InlineData("0", 0L)]
    [InlineData("1", 1L)]
    [InlineData("100b", 100L)]
    [InlineData("1k", 1024L)]
    [InlineData("1K", 1024L)]
    [InlineData("1kb", 1024L)]
    [InlineData("1KiB", 1024L)]
    [InlineData("1.5 MiB", 1572864L)]
    [InlineData("64m", 67108864L)]
    [InlineData("2GB", 2147483648L)]
    [InlineData("1t", 1099511627776L)]
    [InlineData("7e", 8070450532247928832L)]
    [InlineData("8e", null)]
    [InlineData("", null)]
    [InlineData("k", null)]
    [InlineData("-1", null)]
    [InlineData("+1", null)]
    [InlineData("1x", null)]
    [InlineData("1kk", null)]
    [InlineData("1 2", null)]
    [InlineData("1bb", null)]
    [InlineData("1e3", null)]
    public void A_size_is_a_number_with_a_unit(string text, long? expected)
    {
        var isSize = ByteSize.TryParse(text, out var bytes);

        Assert.Equal(expected, isSize ? bytes : null);
    }

    [Theory]
    // What is between the commas, and what quotes and escapes do to it.
    [InlineData("type=cache,target=/a", "/a")]
    [InlineData("\"type=cache,target=/a\"", "/a")]
    [InlineData("'type=cache,target=/a'", "/a")]
    [InlineData("type=cache,target=\"/a b\"", "/a b")]
    [InlineData("type=cache,target=/a\\ b", "/a b")]
    [InlineData("type=cache,'\"target=/a,b\"'", "/a,b")]
    [InlineData("TYPE=CACHE,TARGET=/a", "/a")]
    [InlineData("type=cache,dst=/a", "/a")]
    [InlineData("type=cache,destination=/a", "/a")]
    [InlineData("target=/a,type=cache", "/a")]
    [InlineData("type=cache,target=a", "/w/a")]
    [InlineData("type=cache,target=.", "/w")]
    [InlineData("type=cache,target=../../../a/./b//c/", "/a/b/c")]
    [InlineData("type=cache,target=$V", "/w/x y")]
    [InlineData("type=cache,target=${V:+/v}", "/v")]
    [InlineData("type=cache,target=/a=b", "/a=b")]
    public void A_target_is_read_from_its_field(string mount, string expected)
    {
        var plan = Given.Plan($"FROM a\nWORKDIR /w\nENV V=\"x y\"\nRUN --mount={mount} true\n");

        Assert.Equal(expected, Assert.Single(plan.Target.Run().Mounts).Target);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData(",ro", false)]
    [InlineData(",readonly=true", false)]
    [InlineData(",ro=0", true)]
    [InlineData(",rw", true)]
    [InlineData(",readwrite=T", true)]
    [InlineData(",rw=false", false)]
    public void A_bind_can_be_written_to_when_it_says_so(string said, bool expected)
    {
        var plan = Given.Plan($"FROM a\nRUN --mount=target=/x{said} true\n");

        Assert.Equal(expected, Assert.IsType<RunMount.Bind>(Assert.Single(plan.Target.Run().Mounts)).IsWritable);
    }

    [Fact]
    public void A_stage_that_a_mount_reads_is_needed()
    {
        var plan = Given.Plan("FROM a AS tools\nFROM a AS spare\nFROM b\nRUN --mount=from=tools,target=/t true\n");

        Assert.Equal([true, false, true], plan.Stages.Select(stage => stage.IsReachable));
        Assert.Equal([new TreeOrigin.Stage(0)], plan.Target.Run().Origins);
    }

    [Fact]
    public void The_namespace_of_caches_is_a_build_argument_that_needs_no_declaration()
    {
        var options = new CompileOptions { Arguments = Given.Arguments("BUILDKIT_CACHE_MOUNT_NS=me", "BUILDKIT_SANDBOX_HOSTNAME=box") };

        var run = Given.Plan("FROM a\nRUN --mount=type=cache,target=/x true\n", options).Target.Run();

        Assert.Equal("me", Assert.IsType<RunMount.Cache>(Assert.Single(run.Mounts)).Namespace);
        Assert.Equal("box", run.Hostname);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("--security=sandbox", false)]
    [InlineData("--security=insecure", true)]
    public void A_command_is_insecure_when_it_says_so(string flag, bool expected) =>
        Assert.Equal(expected, Given.Plan($"FROM a\nRUN {flag} true\n").Target.Run().IsInsecure);

    [Fact]
    public void A_mount_in_json_has_all_members_those_of_other_types_null()
    {
        var compilation = KleenefileCompiler.Compile(
            new("Kleenefile", "FROM a AS t\nFROM a\nRUN --mount=from=t,source=x,target=/m --mount=type=secret,id=s,env=S,mode=0440,required true\n"), CompileOptions.Default);

        using var json = System.Text.Json.JsonDocument.Parse(PlanDump.Json(compilation));
        var mounts = json.RootElement.GetProperty("stages")[1].GetProperty("steps")[0].GetProperty("mounts").EnumerateArray().Select(mount => mount.GetRawText().Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal));

        Assert.Equal(
            [
                """{"type":"secret","target":null,"from":null,"source":null,"id":"s","sharing":null,"readonly":true,"required":true,"env":"S","mode":"0440","uid":null,"gid":null,"size":null}""",
                """{"type":"bind","target":"/m","from":"t","source":"x","id":null,"sharing":null,"readonly":true,"required":false,"env":null,"mode":null,"uid":null,"gid":null,"size":null}""",
            ],
            mounts);
    }

    [Fact]
    public void What_an_unknown_base_may_say_is_not_judged()
    {
        var compilation = KleenefileCompiler.Compile(new("Kleenefile", "FROM a\nRUN --mount=type=cache,target=$HOME,mode=$M --mount=type=tmpfs,target=$HOME true\n"), CompileOptions.Default);

        Assert.DoesNotContain(compilation.Diagnostics, diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
    }
}
