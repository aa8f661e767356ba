using Kleene.Build.Cli.Commands;
using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Cli.Tests.Commands;

public sealed class OptionValuesTests
{
    [Theory]
    [InlineData("1", 1)]
    [InlineData("512B", 512)]
    [InlineData("2k", 2000)]
    [InlineData("20GB", 20_000_000_000)]
    [InlineData("1.5g", 1_500_000_000)]
    [InlineData("2TiB", 2L << 40)]
    [InlineData("500MiB", 500L << 20)]
    public void Sizes_of_disks_are_read_as_they_are_shown(string text, long bytes) => Assert.Equal(bytes, OptionValues.DiskBytes(text, "max-size"));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("G")]
    [InlineData("1X")]
    [InlineData("1bb")]
    [InlineData("1ib")]
    [InlineData("1 g")]
    [InlineData("1e3")]
    [InlineData("99999999999999999999t")]
    public void What_is_no_size_of_a_disk_is_told(string text) =>
        Assert.Contains($"max-size '{text}' is not a size", Assert.Throws<UsageException>(() => OptionValues.DiskBytes(text, "max-size")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("1", 1)]
    [InlineData("512b", 512)]
    [InlineData("2k", 2048)]
    [InlineData("512M", 512L << 20)]
    [InlineData("8589934591g", 8589934591L << 30)]
    public void Sizes_are_read(string text, long bytes) => Assert.Equal(bytes, OptionValues.Bytes(text, "--memory"));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("m")]
    [InlineData("1.5g")]
    [InlineData(" 1")]
    [InlineData("1 m")]
    [InlineData("8589934592g")]
    [InlineData("99999999999999999999")]
    [InlineData("1t")]
    public void What_is_no_size_is_told(string text) =>
        Assert.StartsWith($"--memory '{text}' is not a size", Assert.Throws<UsageException>(() => OptionValues.Bytes(text, "--memory")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Processors_are_a_number_above_nothing(double cpus) => Assert.Throws<UsageException>(() => OptionValues.Limits(null, cpus, null));

    [Fact]
    public void No_limit_of_processes_may_be_said_as_other_tools_do()
    {
        Assert.Null(OptionValues.Limits(null, null, 0).Processes);
        Assert.Null(OptionValues.Limits(null, null, -1).Processes);
        Assert.Equal(new JailLimits(1024, 1.5, 7), OptionValues.Limits("1k", 1.5, 7));
    }

    [Theory]
    [InlineData("db:10.0.0.1", "10.0.0.1", "db")]
    [InlineData("db:::1", "::1", "db")]
    [InlineData("db.example:[fd00::1]", "fd00::1", "db.example")]
    public void Hosts_are_read(string text, string address, string name) => Assert.Equal(new HostEntry(address, name), OptionValues.Host(text));

    [Theory]
    [InlineData("db")]
    [InlineData("db:")]
    [InlineData(":10.0.0.1")]
    [InlineData("db:1")]
    [InlineData("db:10.1")]
    [InlineData("db:0x7f.0.0.1")]
    [InlineData("db:10.0.0.256")]
    [InlineData("a b:10.0.0.1")]
    [InlineData("a\nb:10.0.0.1")]
    [InlineData("db:10.0.0.1\n6.6.6.6 bank")]
    public void What_is_no_host_is_told(string text) => Assert.Throws<UsageException>(() => OptionValues.Host(text));

    [Fact]
    public void Environment_entries_without_a_value_take_ours_or_are_left_out()
    {
        Assert.Equal(["A=", "B=x=y", $"PATH={Environment.GetEnvironmentVariable("PATH")}"], OptionValues.Environment(["A=", "B=x=y", "PATH", "KLEENE_NOT_SET_ANYWHERE"]));
        Assert.Throws<UsageException>(() => OptionValues.Environment([""]).ToList());
        Assert.Throws<UsageException>(() => OptionValues.Environment(["=x"]).ToList());
    }

    [Fact]
    public void Later_entries_replace_earlier_ones_in_their_place() =>
        Assert.Equal(["A=3", "NOVALUE", "B=2"], OptionValues.Merge(["A=1", "NOVALUE", "B=2"], ["A=3"]));

    [Theory]
    [InlineData("a=b=c", "a", "b=c")]
    [InlineData("a=", "a", "")]
    [InlineData("a", "a", null)]
    public void Pairs_are_cut_at_the_first_equals_sign(string text, string key, string? value) => Assert.Equal((key, value), OptionValues.Pair(text, "--label"));

    [Theory]
    [InlineData("")]
    [InlineData("=a")]
    public void A_pair_has_a_name(string text) => Assert.Throws<UsageException>(() => OptionValues.Pair(text, "--label"));

    [Fact]
    public void Times_and_signals_are_read_or_told()
    {
        Assert.Equal(TimeSpan.FromSeconds(0.5), OptionValues.Seconds(0.5, "--time"));
        Assert.Equal(TimeSpan.Zero, OptionValues.Seconds(-3, "--time"));
        Assert.Throws<UsageException>(() => OptionValues.Seconds(double.NaN, "--time"));
        Assert.Throws<UsageException>(() => OptionValues.Seconds(double.PositiveInfinity, "--time"));
        Assert.Equal("sigint", OptionValues.Signal("sigint", "--stop-signal"));
        Assert.Null(OptionValues.Signal(null, "--stop-signal"));
        Assert.StartsWith("--stop-signal: 'SIGTRM' is not a signal; did you mean", Assert.Throws<UsageException>(() => OptionValues.Signal("SIGTRM", "--stop-signal")).Message, StringComparison.Ordinal);
    }
}
