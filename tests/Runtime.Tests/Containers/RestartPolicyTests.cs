using Kleene.Build.Runtime.Containers;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Containers;

public sealed class RestartPolicyTests
{
    private const int Unseen = -1;

    [Theory]
    [InlineData("no", "No", 0)]
    [InlineData("on-failure", "OnFailure", 0)]
    [InlineData("on-failure:3", "OnFailure", 3)]
    [InlineData("always", "Always", 0)]
    [InlineData("unless-stopped", "UnlessStopped", 0)]
    [InlineData("on-startup", "OnStartup", 0)]
    public void Policies_are_read_and_written_alike(string text, string rule, int retries)
    {
        var policy = RestartPolicy.Parse(text);

        Assert.Equal((rule, retries), (policy.Rule.ToString(), policy.MaximumRetries));
        Assert.Equal(text, policy.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("Always")]
    [InlineData("allways")]
    [InlineData("always:3")]
    [InlineData("on-failure:")]
    [InlineData("on-failure:-1")]
    [InlineData("on-failure:1:2")]
    [InlineData("on-failure: 1")]
    [InlineData("on-failure:99999999999")]
    public void What_is_no_policy_is_told(string text) =>
        Assert.StartsWith($"'{text}'", Assert.Throws<KleeneException>(() => RestartPolicy.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_slip_is_understood() =>
        Assert.EndsWith("did you mean 'always'?", Assert.Throws<KleeneException>(() => RestartPolicy.Parse("allways")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("no", 1, 0, false)]
    [InlineData("no", Unseen, 0, false)]
    [InlineData("on-startup", 1, 0, false)]
    [InlineData("always", 0, 1000, true)]
    [InlineData("unless-stopped", 0, 1000, true)]
    [InlineData("on-failure", 0, 0, false)]
    [InlineData("on-failure", 1, 1000, true)]
    [InlineData("on-failure", Unseen, 0, true)]
    [InlineData("on-failure:2", 1, 0, true)]
    [InlineData("on-failure:2", 1, 1, true)]
    [InlineData("on-failure:2", 1, 2, false)]
    public void It_decides_by_exit_code_and_count(string policy, int exitCode, int restarts, bool again) =>
        Assert.Equal(again, RestartPolicy.Parse(policy).RestartsAfter(exitCode == Unseen ? null : exitCode, restarts));

    [Theory]
    [InlineData("no", true, false)]
    [InlineData("on-failure", true, false)]
    [InlineData("always", false, true)]
    [InlineData("on-startup", false, true)]
    [InlineData("unless-stopped", true, true)]
    [InlineData("unless-stopped", false, false)]
    public void It_decides_what_comes_up_with_the_machine(string policy, bool wanted, bool starts) =>
        Assert.Equal(starts, RestartPolicy.Parse(policy).StartsWithMachine(wanted));

    [Fact]
    public void Pauses_double_up_to_a_minute()
    {
        double[] seconds = [.. Enumerable.Range(0, 14).Select(streak => RestartPolicy.PauseAfter(streak).TotalSeconds)];

        Assert.Equal([0.1, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60, 60], seconds);
        Assert.Equal(60, RestartPolicy.PauseAfter(int.MaxValue).TotalSeconds);
    }

    [Fact]
    public void A_run_of_ten_seconds_begins_them_anew()
    {
        Assert.Equal(8, RestartPolicy.StreakAfter(7, TimeSpan.FromSeconds(9.9)));
        Assert.Equal(0, RestartPolicy.StreakAfter(7, TimeSpan.FromSeconds(10)));
    }
}
