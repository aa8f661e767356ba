using Kleene.Build.Runtime.Jails.Linux;

namespace Kleene.Build.Runtime.Tests.Jails;

public sealed class ControlGroupLockTests
{
    [Theory]
    [InlineData("0::/user.slice/a b.scope", "/sys/fs/cgroup/user.slice/a b.scope/cgroup.procs")]
    [InlineData("9:name=systemd:/\n8:pids:/x\n0::/", "/sys/fs/cgroup/pids/x/cgroup.procs")]
    [InlineData("4:memory:/../../other", null)]
    [InlineData("", null)]
    [InlineData("garbage", null)]
    public void The_first_group_of_ours_that_can_be_seen_is_taken(string ownGroups, string? expected) =>
        Assert.Equal(expected, ControlGroupLock.OwnGroup(ownGroups.Split('\n'), file => !file.Contains("systemd", StringComparison.Ordinal)));
}
