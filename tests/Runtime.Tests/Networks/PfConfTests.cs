using Kleene.Build.Runtime.Networks.FreeBsd;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>Three lines come into the user's rules, and nothing else of them changes.</summary>
public sealed class PfConfTests
{
    [Fact]
    public void Translation_comes_before_the_first_rule_that_filters_and_filtering_last()
    {
        const string Before = """
            ext_if = "em0"   # up
            table <bad> persist
            set skip on tap0
            scrub in all
            nat on $ext_if from 10.9.0.0/16 to any -> ($ext_if)

            block in \
                log all
            pass out
            """;

        Assert.Equal(
            """
            ext_if = "em0"   # up
            table <bad> persist
            set skip on tap0
            scrub in all
            nat on $ext_if from 10.9.0.0/16 to any -> ($ext_if)

            # Networks of kleene: their translation.
            nat-anchor "kleene/*"
            rdr-anchor "kleene/*"
            block in \
                log all
            pass out
            # Networks of kleene: who reaches whom. Rules above that are 'quick' decide before.
            anchor "kleene/*"

            """,
            PfConf.Complete(Before));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("# nothing yet\n")]
    [InlineData("pass all")]
    [InlineData("nat-anchor \"ftp/*\"\nanchor \"ftp/*\"\n")]
    [InlineData("anchor \"kleene/*\"\npass\n")]
    [InlineData("rdr-anchor   \"kleene/*\"  # ours\n")]
    public void What_was_completed_lacks_nothing_and_is_not_completed_again(string text)
    {
        var complete = PfConf.Complete(text);

        Assert.Empty(PfConf.Missing(complete));
        Assert.Equal(complete, PfConf.Complete(complete));
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Contains(line, complete, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("#anchor \"kleene/*\"\n#nat-anchor \"kleene/*\"\n", 3)]
    [InlineData("anchor \"kleene/*\" in on em0\n", 3)]
    [InlineData("nat-anchor \"kleene/*\" all\nrdr-anchor \"kleene/*\"\n\tanchor \\\n  \"kleene/*\"\n", 0)]
    public void Only_a_line_that_leads_to_all_of_ours_counts(string text, int missing) => Assert.Equal(missing, PfConf.Missing(text).Count);

    [Theory]
    [InlineData("", false)]
    [InlineData("# all comment\n\n", false)]
    [InlineData("nat-anchor \"kleene/*\"\nrdr-anchor \"kleene/*\"\nanchor \"kleene/*\"\n", false)]
    [InlineData("anchor \"kleene/*\"\nblock all\n", true)]
    [InlineData("set skip on lo0", true)]
    public void Rules_of_the_users_own_are_told_from_ours(string text, bool isOwn) => Assert.Equal(isOwn, PfConf.HasRules(text));

    [Theory]
    [InlineData("set skip on lo0\n", true)]
    [InlineData("set  skip on lo", true)]
    [InlineData("set skip on { em1 lo0 }", true)]
    [InlineData("set skip on tap0", false)]
    [InlineData("# set skip on lo0", false)]
    public void A_loopback_that_pf_does_not_look_at_is_seen(string text, bool isSkipped) => Assert.Equal(isSkipped, PfConf.SkipsLoopback(text));
}
