using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Parser.Tests.Planning;

public sealed class HealthcheckTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("+5s", 5_000_000_000)]
    [InlineData("-1.5h", -5_400_000_000_000)]
    [InlineData("1h30m", 5_400_000_000_000)]
    [InlineData("1m1.25s10ms", 61_260_000_000)]
    [InlineData(".5s", 500_000_000)]
    [InlineData("5.s", 5_000_000_000)]
    [InlineData("1us2ns", 1_002)]
    [InlineData("3\u00B5s", 3_000)]
    [InlineData("3\u03BCs", 3_000)]
    [InlineData("1.9ns", 1)]
    [InlineData("0000000000000000000000001s", 1_000_000_000)]
    [InlineData("9223372036854775807ns", long.MaxValue)]
    public void A_duration_is_read_as_go_reads_it(string text, long nanoseconds)
    {
        Assert.True(GoDuration.TryParse(text, out var read));

        Assert.Equal(nanoseconds, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("30")]
    [InlineData("s")]
    [InlineData(".s")]
    [InlineData("1d")]
    [InlineData("1 s")]
    [InlineData("1s ")]
    [InlineData("1S")]
    [InlineData("1e3s")]
    [InlineData("--1s")]
    [InlineData("3000000h")]
    [InlineData("9223372036854775808ns")]
    [InlineData("99999999999999999999999999999999999h")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(GoDuration.TryParse(text, out _));

    [Fact]
    public void The_check_of_the_base_stays_until_the_file_has_its_own()
    {
        var options = new CompileOptions
        {
            BaseConfigs = new Dictionary<string, StageConfig> { ["base"] = new() { Healthcheck = new Healthcheck { Test = ["CMD", "old"], Retries = 7 } } },
        };

        Assert.Equal(7, Given.Plan("FROM base\nCMD x\n", options).Target.Config.Healthcheck?.Retries);
        Assert.Equal(0, Given.Plan("FROM base\nHEALTHCHECK CMD new\n", options).Target.Config.Healthcheck?.Retries);
        Assert.Equal<string>(["NONE"], Given.Plan("FROM base\nHEALTHCHECK NONE\n", options).Target.Config.Healthcheck?.Test ?? []);
    }

    [Fact]
    public void Only_the_last_one_counts()
    {
        var compilation = Given.Compile("FROM scratch\nHEALTHCHECK CMD a\nHEALTHCHECK CMD b\n");

        Assert.Equal<string>(["MultipleInstructionsDisallowed"], compilation.RuleNames());
    }

    [Fact]
    public void The_plan_has_it_in_nanoseconds()
    {
        var compilation = Given.Compile("FROM scratch\nHEALTHCHECK --interval=2s CMD [\"a\"]\n");

        Assert.Contains("\"Interval\": 2000000000,", PlanDump.Json(compilation), StringComparison.Ordinal);
    }
}
