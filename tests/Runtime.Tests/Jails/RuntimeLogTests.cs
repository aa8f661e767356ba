using Kleene.Build.Runtime.Jails.Linux;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

public class RuntimeLogTests
{
    [Fact]
    public void Only_errors_count_and_the_last_of_them()
    {
        string[] lines =
        [
            """{"msg":"unknown seccomp syscall `x` ignored","level":"warning"}""",
            """{"msg":"first","level":"error","time":"2026-01-01T00:00:00Z"}""",
            "",
            "not json: {",
            "[]",
            """{"level":"error","msg":"runc run failed: \"second\""}""",
            """{"level":"error","msg":"cut of""",
        ];

        Assert.Equal("runc run failed: \"second\"", RuntimeLog.LastErrorOf(lines));
        Assert.Null(RuntimeLog.LastErrorOf(lines[..1]));
        Assert.Null(RuntimeLog.LastError("/nowhere/log"));
    }

    [Theory]
    [InlineData("executable file `x` not found in $PATH: No such file or directory", "NotFound")]
    [InlineData("runc run failed: unable to start container process: exec: \"x\": executable file not found in $PATH", "NotFound")]
    [InlineData("exec container process (missing dynamic library?) `/bin/x`: No such file or directory", "NotFound")]
    [InlineData("exec /bin/x: no such file or directory", "NotFound")]
    [InlineData("open executable: Permission denied", "NotExecutable")]
    [InlineData("open executable: Operation not permitted", "NotExecutable")]
    [InlineData("exec container process `/bin/x`: Exec format error", "NotExecutable")]
    [InlineData("runc run failed: unable to start container process: exec: \"/bin/x\": permission denied", "NotExecutable")]
    [InlineData("mount `/a` to `b`: No such file or directory", "Jail")]
    [InlineData("error setting rlimit type 7: operation not permitted", "Jail")]
    [InlineData("cgroups in hybrid mode not supported, drop all controllers from cgroupv2", "Jail")]
    public void A_runtimes_error_is_told_apart_by_what_it_says(string message, string failure) =>
        Assert.Equal(failure, RuntimeLog.Classify(message).ToString());
}
