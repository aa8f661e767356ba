using System.Text.Json;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>What build gives its commands beside their files.</summary>
public sealed class StepOptionsTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_command_gets_the_superusers_rights_only_when_the_caller_agrees()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN mkdir /m\nRUN --security=insecure mount -t tmpfs tmpfs /m && grep NoNewPrivs /proc/self/status > /out\nRUN ! mount -t tmpfs tmpfs /m 2>/dev/null\n");

        var refused = await space.FailAsync(1, "build", context);
        await space.BuildAsync(context, "app", "--allow", "security.insecure", "--allow", "network.host");

        Assert.Contains("Kleenefile:3: RUN --security=insecure may do to this machine what its superuser may; agree with --allow security.insecure", refused, StringComparison.Ordinal);
        Assert.Equal("NoNewPrivs:\t0\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/out"));
        Assert.Contains("did you mean 'security.insecure'?", await space.FailAsync(2, "build", "--allow", "security.insecur", context), StringComparison.Ordinal);
        await space.AssertCleanAsync();
    }

    [JailFact]
    public async Task Commands_have_what_the_caller_adds_and_the_image_does_not()
    {
        await space.WithBusyboxAsync();
        var host = space.Write("from host/it's", "host\n");
        var context = space.Context("FROM busybox\nRUN cat \"/h/it's\" > /out; echo $EXTRA $(id -u) $(ulimit -n) $(hostname) >> /out\nUSER root\nRUN id -u >> /out\n");

        // What the first command writes to belongs to the superuser.
        await space.BuildAsync(
            space.Context("FROM busybox\nRUN chmod 777 / && touch /out && chmod 666 /out\n", "prepared"), "prepared");
        await space.BuildAsync(
            context, "app", "--from", "prepared", "-m", $"{Path.GetDirectoryName(host)}:/h:ro", "-e", "EXTRA=from me", "-u", "1000:1000", "--ulimit", "nofile=100:200",
            "--build-arg", "BUILDKIT_SANDBOX_HOSTNAME=sandbox");

        Assert.Equal("host\nfrom me 1000 100 sandbox\n0\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/out"));
        Assert.Equal("\n", await space.SucceedAsync("run", "--rm", "app", "sh", "-c", "echo $EXTRA; ls /h 2>/dev/null || true"));
    }

    [JailFact]
    public async Task The_name_of_the_machine_is_part_of_the_question_and_its_limits_are_not()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN hostname > /name\n");
        await space.BuildAsync(context, "app");

        Assert.Contains("--> Using cache", await space.BuildAsync(context, "app", "--ulimit", "nofile=100"), StringComparison.Ordinal);
        Assert.DoesNotContain("--> Using cache", await space.BuildAsync(context, "app", "--build-arg", "BUILDKIT_SANDBOX_HOSTNAME=other"), StringComparison.Ordinal);
        Assert.Equal("other\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/name"));
    }

    [Theory]
    [InlineData("nofiles=1", "did you mean 'nofile'?")]
    [InlineData("nofile", "is not a limit")]
    [InlineData("nofile=a", "neither a number nor 'unlimited'")]
    [InlineData("nofile=2:1", "no higher than the hard one")]
    [InlineData("nofile=1:2:3", "is not a limit")]
    public async Task What_is_no_limit_is_told(string limit, string why) =>
        Assert.Contains(why, await space.FailAsync(2, "build", "--ulimit", limit, space.Context("FROM scratch\n")), StringComparison.Ordinal);

    [JailFact]
    public async Task A_build_says_what_it_made_in_a_file()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nRUN true\n");

        var id = (await space.SucceedAsync("build", "-q", "-t", "app", "-t", "other:1", "--metadata-file", space["made.json"], context)).Trim();

        using var made = JsonDocument.Parse(await File.ReadAllTextAsync(space["made.json"]));
        Assert.Equal(id, made.RootElement.GetProperty("kleene.image").GetString());
        Assert.Equal("app:latest,other:1", made.RootElement.GetProperty("image.name").GetString());
    }

    [JailFact]
    public async Task The_date_of_an_image_can_be_given()
    {
        await space.WithBusyboxAsync();
        var context = space.Context("FROM busybox\nARG SOURCE_DATE_EPOCH\nRUN echo \"at $SOURCE_DATE_EPOCH\" > /date\n");

        var first = await space.SucceedAsync("build", "-q", "-t", "app", "--build-arg", "SOURCE_DATE_EPOCH=1000000000", context);
        var second = await space.SucceedAsync("build", "-q", "-t", "app", "--build-arg", "SOURCE_DATE_EPOCH=1000000000", context);

        Assert.Equal(first, second);
        Assert.Contains("\"created\": \"2001-09-09T01:46:40", await space.SucceedAsync("image", "inspect", "app"), StringComparison.Ordinal);
        Assert.Equal("at 1000000000\n", await space.SucceedAsync("run", "--rm", "app", "cat", "/date"));
        Assert.Contains("SOURCE_DATE_EPOCH is 'today'", await space.FailAsync(1, "build", "--build-arg", "SOURCE_DATE_EPOCH=today", context), StringComparison.Ordinal);
    }
}
