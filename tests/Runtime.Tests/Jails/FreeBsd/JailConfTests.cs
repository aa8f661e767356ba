using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.FreeBsd;

namespace Kleene.Build.Runtime.Tests.Jails.FreeBsd;

public sealed class JailConfTests
{
    [Fact]
    public void A_file_has_one_jail_with_a_parameter_a_line()
    {
        var text = JailConf.Write("a1b2", [new("path", "/tank/k/a1b2"), new("persist", null), new("ip4.addr", "10.0.0.2"), new("ip4.addr", "10.0.1.2")]);

        Assert.Equal(
            """
            "a1b2" {
                path = "/tank/k/a1b2";
                persist;
                ip4.addr = "10.0.0.2";
                ip4.addr += "10.0.1.2";
            }

            """,
            text);
    }

    /// <summary>What jail.conf(5) reads in double quotes: a backslash makes the next character plain, three octal digits are one, and a dollar sign would be a variable.</summary>
    [Theory]
    [InlineData("a b", "\"a b\"")]
    [InlineData("", "\"\"")]
    [InlineData("say \"hi\"", "\"say \\\"hi\\\"\"")]
    [InlineData("$HOME ${x}", "\"\\$HOME \\${x}\"")]
    [InlineData("back\\slash", "\"back\\\\slash\"")]
    [InlineData("x\"; persist; exec.prestart=\"rm -rf /", "\"x\\\"; persist; exec.prestart=\\\"rm -rf /\"")]
    [InlineData("two\nlines", "\"two\\012lines\"")]
    [InlineData("tab\tand\x7f", "\"tab\\011and\\177\"")]
    [InlineData("} /* # // ;", "\"} /* # // ;\"")]
    [InlineData("Zürich 🜁", "\"Zürich 🜁\"")]
    public void A_value_is_read_as_it_was_given(string value, string quoted) => Assert.Equal(quoted, JailConf.Quote(value));
}
