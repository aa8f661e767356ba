using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

public class UserDatabaseTests
{
    private const string Passwd = """
        root:x:0:0:root:/root:/bin/sh
        # a comment: is no user
        web:x:1000:1001:Web,,,:/srv/web:/bin/sh
        nohome:x:1002:1002:::
        broken:x:one:1:::
        123:x:77:78::/home/digits:/bin/sh
        short:x
        last:x:5:60:Last:/var/last:/sbin/nologin
        """;

    private const string Group = """
        root:x:0:
        www:x:1001:
        logs:x:1002:root,web, last
        adm:x:1003:web
        own:x:60:last
        55:x:900:
        nomembers:x:9
        """;

    [Theory]
    [InlineData("", 0, 0, "1002", "/root")]
    [InlineData("root", 0, 0, "1002", "/root")]
    [InlineData("0", 0, 0, "1002", "/root")]
    [InlineData("web", 1000, 1001, "1002 1003", "/srv/web")]
    [InlineData("1000", 1000, 1001, "1002 1003", "/srv/web")]
    [InlineData("web:logs", 1000, 1002, "", "/srv/web")]
    [InlineData("web:9", 1000, 9, "", "/srv/web")]
    [InlineData("web:", 1000, 1001, "1002 1003", "/srv/web")]
    [InlineData(":logs", 0, 1002, "", "/root")]
    [InlineData("4000000000:4294967294", 4000000000, 4294967294, "", "/")]
    [InlineData("4242", 4242, 0, "", "/")]
    [InlineData("nohome", 1002, 1002, "", "/")]
    [InlineData("123", 77, 78, "", "/home/digits")]
    [InlineData("root:55", 0, 900, "", "/root")]
    [InlineData("last", 5, 60, "1002", "/var/last")]
    public void A_user_is_looked_up_in_the_tree(string user, uint userId, uint groupId, string additional, string home)
    {
        var found = UserDatabase.Parse(Passwd, Group.ReplaceLineEndings("\r\n")).Resolve(user);

        Assert.Equal((userId, groupId, home), (found.UserId, found.GroupId, found.Home));
        Assert.Equal(additional, string.Join(' ', found.AdditionalGroups));
    }

    [Theory]
    [InlineData("wbe", "the user 'wbe' is not in /etc/passwd of the image; did you mean 'web'?")]
    [InlineData("nobody", "the user 'nobody' is not in /etc/passwd of the image")]
    [InlineData("broken", "the user 'broken' is not in /etc/passwd of the image")]
    [InlineData("-1", "the user '-1' is not in /etc/passwd of the image")]
    [InlineData("4294967296", "the user '4294967296' is not in /etc/passwd of the image")]
    [InlineData("web:log", "the group 'log' is not in /etc/group of the image; did you mean 'logs'?")]
    public void An_unknown_name_is_an_error_that_suggests_the_nearest(string user, string message)
    {
        var error = Assert.Throws<JailStartException>(() => UserDatabase.Parse(Passwd, Group).Resolve(user));

        Assert.Equal(message, error.Message);
        Assert.Equal(125, error.ExitCode);
    }

    [Fact]
    public void A_tree_without_users_has_a_superuser_all_the_same()
    {
        var found = UserDatabase.Parse("", "").Resolve("");

        Assert.Equal((0u, 0u, "/"), (found.UserId, found.GroupId, found.Home));
    }
}
