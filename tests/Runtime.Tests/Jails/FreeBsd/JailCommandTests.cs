using System.Runtime.CompilerServices;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.FreeBsd;
using Kleene.Build.Testing.Approvals;

namespace Kleene.Build.Runtime.Tests.Jails.FreeBsd;

public sealed class JailCommandTests
{
    private static readonly JailUser Superuser = new(0, 0, [5], "/root");
    private static readonly JailUser Www = new(80, 80, [], "/nonexistent");

    private static readonly JailProcess Plain = new() { Argv = ["make", "-j", "2"], Environment = ["PATH=/bin", "A=two words"] };

    [Fact]
    public void A_process_becomes_a_command_line()
    {
        (string What, JailProcess Process, JailUser User)[] cases =
        [
            ("the superuser at the root needs nothing of anybody", Plain, Superuser),
            ("a directory", Plain with { WorkingDirectory = "/usr/src" }, Superuser),
            ("a user", Plain with { User = "www" }, Www),
            ("a user by number in a directory", Plain with { User = "1000:1000", WorkingDirectory = "/home/x y" }, new JailUser(1000, 1000, [], "/")),
            ("a user with further groups", Plain with { User = "app" }, new JailUser(1001, 1001, [1001, 5, 80], "/home/app")),
            ("the superuser in a group that was asked for", Plain with { User = "root:www" }, new JailUser(0, 80, [], "/root")),
            ("a variable that the host's loader would heed", Plain with { Environment = ["PATH=/bin", "LD_PRELOAD=/lib/libx.so", "B=c"] }, Superuser),
        ];

        var table = string.Concat(cases.Select(entry =>
        {
            var command = JailCommand.Of("a1b2", entry.Process, entry.User);
            return $"# {entry.What}\n{string.Join(' ', command.Environment.Select(variable => $"'{variable}'"))}\n{command}\n\n";
        }));

        Approved.Matches(table, Beside("jail-commands.approved.txt"));
    }

    [Theory]
    [InlineData("LD_PRELOAD=/evil.so")]
    [InlineData("LD_32_LIBRARY_PATH=/evil")]
    [InlineData("MALLOC_CONF=junk:true")]
    [InlineData("NLSPATH=/evil/%N")]
    public void No_variable_of_an_image_reaches_a_program_of_the_host(string entry) =>
        Assert.DoesNotContain(entry, JailCommand.Of("a1b2", Plain with { Environment = [entry] }, Superuser).Environment);

    [Fact]
    public void What_looks_like_such_a_variable_and_is_none_goes_straight() =>
        Assert.Contains("OLD_PRELOAD=1", JailCommand.Of("a1b2", Plain with { Environment = ["OLD_PRELOAD=1"] }, Superuser).Environment);

    private static string Beside(string name, [CallerFilePath] string path = "") => Path.Join(Path.GetDirectoryName(path), name);
}
