using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>What a container starts with, for every pair of forms of ENTRYPOINT and CMD: executed, and with other arguments.</summary>
public sealed class EntrypointAndCmdTests : IDisposable
{
    private const string Shell = "ENTRYPOINT echo e p";
    private const string Exec = "ENTRYPOINT [\"echo\", \"e\", \"p\"]";

    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task Every_pair_of_forms_starts_what_the_table_says()
    {
        await space.WithBusyboxAsync();
        (string Entrypoint, string Cmd, string Starts, string WithArguments)[] table =
        [
            ("", "CMD [\"echo\", \"c\", \"d\"]", "c d", "x"),
            ("", "CMD echo c d", "c d", "x"),
            (Shell, "", "e p", "e p"),
            (Shell, "CMD [\"c\", \"d\"]", "e p", "e p"),
            (Shell, "CMD c d", "e p", "e p"),
            (Exec, "", "e p", "e p echo x"),
            (Exec, "CMD [\"c\", \"d\"]", "e p c d", "e p echo x"),
            (Exec, "CMD c d", "e p /bin/sh -c c d", "e p echo x"),
        ];

        foreach (var (entrypoint, cmd, starts, withArguments) in table)
        {
            await space.BuildAsync(space.Context($"FROM busybox\n{entrypoint}\n{cmd}\n"), "app");

            Assert.Equal((entrypoint, cmd, starts + "\n"), (entrypoint, cmd, await space.SucceedAsync("run", "--rm", "app")));
            Assert.Equal((entrypoint, cmd, withArguments + "\n"), (entrypoint, cmd, await space.SucceedAsync("run", "--rm", "app", "echo", "x")));
        }
    }

    [JailFact]
    public async Task Without_either_there_is_nothing_to_start()
    {
        await space.WithBusyboxAsync();
        await space.BuildAsync(space.Context("FROM busybox\nENTRYPOINT []\nCMD []\n"), "app");

        Assert.Contains("neither CMD nor ENTRYPOINT", await space.FailAsync(125, "run", "--rm", "app"), StringComparison.Ordinal);
    }
}
