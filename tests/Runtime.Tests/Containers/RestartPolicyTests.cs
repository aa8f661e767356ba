using Kleene.Build.Runtime.Containers;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Containers;

public sealed class RestartPolicyTests
{
    private static readonly (string Text, RestartRule Rule, int Retries)[] Policies =
    [
        ("no", RestartRule.No, 0), ("on-failure", RestartRule.OnFailure, 0), ("on-failure:3", RestartRule.OnFailure, 3),
        ("always", RestartRule.Always, 0), ("unless-stopped", RestartRule.UnlessStopped, 0), ("on-startup", RestartRule.OnStartup, 0),
    ];

    private static readonly string[] Others =
        ["", "Always", "allways", "always:3", "on-failure:", "on-failure:-1", "on-failure:1:2", "on-failure: 1", "on-failure:99999999999"];

    private static readonly (string Policy, int? ExitCode, int Restarts, bool Again)[] Ends =
    [
        ("no", 1, 0, false), ("no", null, 0, false), ("on-startup", 1, 0, false), ("always", 0, 1000, true), ("unless-stopped", 0, 1000, true),
        ("on-failure", 0, 0, false), ("on-failure", 1, 1000, true), ("on-failure", null, 0, true),
        ("on-failure:2", 1, 0, true), ("on-failure:2", 1, 1, true), ("on-failure:2", 1, 2, false),
    ];

    private static readonly (string Policy, bool Wanted, bool Starts)[] Starts =
    [
        ("no", true, false), ("on-failure", true, false), ("always", false, true), ("on-startup", false, true),
        ("unless-stopped", true, true), ("unless-stopped", false, false),
    ];

    [Fact]
    public void Policies_are_read_and_written_alike() =>
        Assert.All(Policies, policy =>
        {
            var read = RestartPolicy.Parse(policy.Text);
            Assert.Equal((policy.Rule, policy.Retries, policy.Text), (read.Rule, read.MaximumRetries, read.ToString()));
        });

    [Fact]
    public void What_is_no_policy_is_told() =>
        Assert.All(Others, text => Assert.StartsWith($"'{text}'", Assert.Throws<KleeneException>(() => RestartPolicy.Parse(text)).Message, StringComparison.Ordinal));

    [Fact]
    public void A_slip_is_understood() =>
        Assert.EndsWith("did you mean 'always'?", Assert.Throws<KleeneException>(() => RestartPolicy.Parse("allways")).Message, StringComparison.Ordinal);

    [Fact]
    public void It_decides_by_exit_code_and_count() =>
        Assert.All(Ends, end => Assert.Equal(end.Again, RestartPolicy.Parse(end.Policy).RestartsAfter(end.ExitCode, end.Restarts)));

    [Fact]
    public void It_decides_what_comes_up_with_the_machine() =>
        Assert.All(Starts, start => Assert.Equal(start.Starts, RestartPolicy.Parse(start.Policy).StartsWithMachine(start.Wanted)));

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
