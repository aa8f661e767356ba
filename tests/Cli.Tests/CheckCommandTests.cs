using System.Text;
using System.Text.Json;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Tests;

/// <summary><c>kleene check</c>, which needs neither privileges nor a state directory, and what <c>build</c> and <c>plan</c> show of it.</summary>
public sealed class CheckCommandTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [Fact]
    public async Task A_clean_file_has_nothing_said_about_it()
    {
        var result = await space.RunAsync("check", space.Context("FROM debian:12\nCMD [\"make\"]\n"));

        Assert.Equal((0, "", ""), (result.Exit.ShellCode, result.Output, result.Error));
        Assert.False(Directory.Exists(space.StateRoot));
    }

    [Fact]
    public async Task Warnings_are_told_with_their_help_once_and_are_no_failure()
    {
        var result = await space.RunAsync("check", space.Context("FROM debian:12\nExpose 1/TCP\nEXPOSE 2/UDP\nUSER nobody\n"));

        Assert.Equal(0, result.Exit.ShellCode);
        Assert.Equal("", result.Output);
        Assert.Equal(
            """
            Kleenefile:2:1: warning KB0061: most instructions here are in capital letters; write 'EXPOSE'
              2 | Expose 1/TCP
                | ^^^^^^
                = help: write all of them as most are written (ConsistentInstructionCasing)
            Kleenefile:2:8: warning KB0033: the protocol of '1/TCP' should be in lower case: 'tcp'
              2 | Expose 1/TCP
                |        ^^^^^
                = help: write it in lower case (ExposeProtoCasing)
            Kleenefile:3:8: warning KB0033: the protocol of '2/UDP' should be in lower case: 'udp'
              3 | EXPOSE 2/UDP
                |        ^^^^^
            3 warnings; 'kleene check --fix' corrects all of them

            """,
            result.Error);
    }

    [Theory]
    [InlineData("FROM debian:12\nRUNN x\n", 2)]
    [InlineData("# check=error=true\nFROM debian:12\nEXPOSE 1/TCP\n", 2)]
    [InlineData("# check=error=true;skip=kb0033\nFROM debian:12\nEXPOSE 1/TCP\n", 0)]
    [InlineData("FROM debian\n", 0)]
    public async Task Errors_end_with_2_and_everything_else_with_0(string kleenefile, int code)
    {
        var context = space.Context(kleenefile);

        Assert.Equal(code, (await space.RunAsync("check", context)).Exit.ShellCode);
        Assert.Equal(code, (await space.RunAsync("build", "--check", context)).Exit.ShellCode);
        Assert.False(Directory.Exists(space.StateRoot));
    }

    [Fact]
    public async Task The_json_has_places_help_and_fixes()
    {
        var output = await space.SucceedAsync("check", "--format", "json", space.Context("FROM debian AS Base\n"));

        using var json = JsonDocument.Parse(output);
        var diagnostics = json.RootElement.GetProperty("diagnostics").EnumerateArray().ToList();
        Assert.Equal("Kleenefile", json.RootElement.GetProperty("kleenefile").GetString());
        Assert.Equal((0, 1), (json.RootElement.GetProperty("errors").GetInt32(), json.RootElement.GetProperty("warnings").GetInt32()));
        Assert.Equal(["UnpinnedBaseImage", "StageNameCasing"], diagnostics.Select(diagnostic => diagnostic.GetProperty("name").GetString()));
        Assert.Equal("info", diagnostics[0].GetProperty("severity").GetString());
        Assert.Empty(diagnostics[0].GetProperty("fix").EnumerateArray());
        Assert.NotEmpty(diagnostics[1].GetProperty("help").GetString()!);    // it is there, or this throws
        var edit = Assert.Single(diagnostics[1].GetProperty("fix").EnumerateArray());
        Assert.Equal(
            (1, 16, 1, 20, "base"),
            (edit.GetProperty("line").GetInt32(), edit.GetProperty("column").GetInt32(), edit.GetProperty("endLine").GetInt32(), edit.GetProperty("endColumn").GetInt32(), edit.GetProperty("text").GetString()));
    }

    [Fact]
    public async Task The_sarif_log_has_what_its_readers_need()
    {
        var context = space.Context("FROM debian:12 AS Base\nRUNN x\n", "a b");

        var result = await space.RunAsync("check", "--format", "sarif", "-f", $"{context}/Kleenefile", space.MakeDirectory("elsewhere"));

        Assert.Equal(2, result.Exit.ShellCode);
        using var json = JsonDocument.Parse(result.Output);
        Assert.Equal("2.1.0", json.RootElement.GetProperty("version").GetString());
        var run = Assert.Single(json.RootElement.GetProperty("runs").EnumerateArray());
        var rules = run.GetProperty("tool").GetProperty("driver").GetProperty("rules").EnumerateArray().ToList();
        Assert.All(rules, rule => Assert.NotEmpty(rule.GetProperty("help").GetProperty("text").GetString()!));    // it is there, or this throws
        Assert.Contains(rules, rule => rule.TryGetProperty("helpUri", out var uri) && uri.GetString()!.EndsWith("/stage-name-casing/", StringComparison.Ordinal));    // as above
        var results = run.GetProperty("results").EnumerateArray().ToList();
        Assert.Equal(["warning", "error"], results.Select(found => found.GetProperty("level").GetString()));
        Assert.All(results, found => Assert.Equal(found.GetProperty("ruleId").GetString(), rules[found.GetProperty("ruleIndex").GetInt32()].GetProperty("id").GetString()));
        var location = results[0].GetProperty("locations")[0].GetProperty("physicalLocation");
        Assert.EndsWith("a%20b/Kleenefile", location.GetProperty("artifactLocation").GetProperty("uri").GetString(), StringComparison.Ordinal);
        Assert.Equal(19, location.GetProperty("region").GetProperty("startColumn").GetInt32());
        var replacement = results[0].GetProperty("fixes")[0].GetProperty("artifactChanges")[0].GetProperty("replacements")[0];
        Assert.Equal("base", replacement.GetProperty("insertedContent").GetProperty("text").GetString());
    }

    [Fact]
    public async Task Files_of_the_context_are_looked_at()
    {
        var context = space.Context("FROM debian:12\nCOPY . /app\nCOPY build/x /x\nCOPY scr /src\nCOPY nothing* /y/\n");
        space.Write("context/.kleeneignore", "build\n");
        space.Write("context/build/x", "");
        space.Write("context/src/main.c", "");
        space.Write("context/.env", "TOKEN=hunter2\n");
        space.Write("context/certs/ca.pem", "-----BEGIN CERTIFICATE-----\n");
        space.Write("context/certs/server.pem", "-----BEGIN PRIVATE KEY-----\n");
        space.Write("context/.npmrc", "//registry.example.com/:_authToken=${NPM_TOKEN}\n");

        var said = (await space.RunAsync("check", context)).Error;

        Assert.Contains("Kleenefile:2:6: warning KB0074: '.env', 'certs/server.pem' look like secrets", said, StringComparison.Ordinal);
        Assert.Contains("Kleenefile:3:6: warning KB0068: 'build/x' is not in the build context: .kleeneignore:1 ignores it", said, StringComparison.Ordinal);
        Assert.Contains("Kleenefile:4:6: warning KB0079: there is no 'scr' in the build context", said, StringComparison.Ordinal);
        Assert.Contains("did you mean 'src'?", said, StringComparison.Ordinal);
        Assert.Contains("3 warnings\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fixing_keeps_everything_else_byte_for_byte()
    {
        byte[] before = [0xef, 0xbb, 0xbf, .. "# caf\u00e9 "u8, 0xff, 0xfe, .. "\r\nFrom debian:12 as Build\r\n\tLABEL a=\ud83d\ude00\r\nEXPOSE 1:80/TCP\r\nRUN a \\\r\n\r\n  b # kept\r\nCMD make"u8];
        byte[] after = [0xef, 0xbb, 0xbf, .. "# caf\u00e9 "u8, 0xff, 0xfe, .. "\r\nFROM debian:12 AS build\r\n\tLABEL a=\ud83d\ude00\r\nEXPOSE 80/tcp\r\nRUN a \\\r\n  b # kept\r\nCMD [\"make\"]"u8];
        var context = space.Context("");
        var file = Path.Join(context, "real name");
        await File.WriteAllBytesAsync(file, before);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        File.Delete($"{context}/Kleenefile");
        File.CreateSymbolicLink($"{context}/Kleenefile", "real name");

        var result = await space.RunAsync("check", "--fix", context);

        Assert.Contains("corrected 7 findings in ", result.Error, StringComparison.Ordinal);
        Assert.Equal(Encoding.Latin1.GetString(after), Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(file));
        Assert.NotNull(new FileInfo($"{context}/Kleenefile").LinkTarget);
        Assert.Equal(["Kleenefile", "real name"], Directory.GetFileSystemEntries(context).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_dry_run_prints_the_file_and_leaves_it_alone()
    {
        var context = space.Context("FROM debian:12 as x\n");

        var output = await space.SucceedAsync("check", "--fix", "--dry-run", context);

        Assert.Equal("FROM debian:12 AS x\n", output);
        Assert.Equal("FROM debian:12 as x\n", await File.ReadAllTextAsync($"{context}/Kleenefile"));
    }

    [Fact]
    public async Task A_file_that_is_no_text_is_left_alone()
    {
        var context = space.Context("");
        await File.WriteAllBytesAsync($"{context}/Kleenefile", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("FROM debian:12 as x\n")).ToArray());

        var said = await space.FailAsync(1, "check", "--fix", context);

        Assert.Contains("is no text in UTF-8", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("StageNameCasing")]
    [InlineData("kb0024")]
    public async Task A_rule_is_explained_by_its_page(string rule)
    {
        var output = await space.SucceedAsync("check", "--explain", rule);

        Assert.StartsWith("# StageNameCasing\n", output, StringComparison.Ordinal);
        Assert.Contains("## Good\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rule_that_is_not_there_is_answered_with_the_nearest()
    {
        var said = await space.FailAsync(2, "check", "--explain", "StageNameCase");

        Assert.Contains("did you mean 'StageNameCasing'?", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_has_the_findings_that_are_no_mere_advice()
    {
        var output = await space.SucceedAsync("plan", "--format", "json", space.Context("FROM debian as x\nCMD make\n"));

        using var json = JsonDocument.Parse(output);
        Assert.Equal(["FromAsCasing", "JSONArgsRecommended"], json.RootElement.GetProperty("diagnostics").EnumerateArray().Select(found => found.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task A_build_argument_takes_the_place_of_the_directive()
    {
        var context = space.Context("# check=skip=all\nFROM debian:12 as x\nCMD make\n");

        var said = (await space.RunAsync("check", "--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=FromAsCasing;error=true", context)).Error;

        Assert.DoesNotContain("KB0060", said, StringComparison.Ordinal);
        Assert.Contains("Kleenefile:3:5: error KB0062", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_standard_input_can_be_corrected_too()
    {
        var command = new CommandLine("sh", ["-c", $"printf 'FROM debian:12 as x\\n' | '{KleeneSpace.Binary}' check --fix -"]) { Environment = CommandLine.ToolEnvironment };

        var result = await space.RunAsync(command);

        Assert.Equal("FROM debian:12 AS x\n", result.Output);
    }
}
