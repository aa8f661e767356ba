using System.Runtime.CompilerServices;
using Kleene.Build.Testing;
using Kleene.Build.Testing.Approvals;

namespace Kleene.Build.Cli.Tests.FreeBsd;

/// <summary>From a Kleenefile to a container that is gone again: every command that changes the machine, in an approved file that reads like a manual.</summary>
[Collection(FreeBsdSpace.Collection)]
public sealed class FreeBsdWalkTests
{
    private const string Kleenefile =
        """
        FROM base
        WORKDIR /app
        COPY message.txt .
        RUN make all
        CMD ["httpd", "-f"]

        """;

    [RootFact]
    public async Task A_walk_from_build_to_rm_gives_the_approved_commands()
    {
        await using var space = await new FreeBsdSpace().WithBaseAsync();
        space.Write("context/message.txt", "hello\n");
        space.Machine.On("make", inmate =>
        {
            inmate.Print(Runtime.Processes.OutputKind.Output, "made");
            File.WriteAllText(Path.Join(inmate.Root, "app/out"), "made\n");
            return Task.FromResult(0);
        });
        var listens = new TaskCompletionSource();
        space.Machine.On("httpd", async inmate =>
        {
            inmate.Print(Runtime.Processes.OutputKind.Output, "listening");
            listens.SetResult();
            await inmate.Killed;
            return 0;
        });

        await space.SucceedAsync("network", "create", "-t", "bridge", "--subnet", "10.13.37.0/24", "lab");
        await space.SucceedAsync("build", "--progress", "plain", "-t", "app", "--network", "lab", space.Context(Kleenefile));
        await space.SucceedAsync("run", "-d", "--name", "web", "-l", "vnet", "-n", "lab", "-p", "8080:80", "-v", "data:/srv", "app");
        await space.SucceedAsync("exec", "-u", "web", "-w", "/srv", "web", "touch", "it");
        await listens.Task;
        Assert.EndsWith(" stdout F listening\n", File.ReadAllText(Directory.GetFiles(space["state/containers"], "log", SearchOption.AllDirectories).Single()), StringComparison.Ordinal);
        await space.SucceedAsync("stop", "web");
        await space.Machine.SettleAsync();
        await space.SucceedAsync("rm", "web");

        Assert.Empty(space.Machine.Remains);
        Approved.Matches(space.Transcript(), Beside("walk.approved.txt"));
    }

    private static string Beside(string name, [CallerFilePath] string path = "") => Path.Join(Path.GetDirectoryName(path), "testdata", name);
}
