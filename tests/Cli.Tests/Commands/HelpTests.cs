using System.Text;
using Kleene.Build.Testing.Approvals;

namespace Kleene.Build.Cli.Tests.Commands;

/// <summary>The words of all commands in one approved file, so that a change of them is a reviewed change.</summary>
public sealed class HelpTests
{
    private static readonly string[] Verbs =
    [
        "", "build", "plan", "check", "fmt", "context", "context ls", "image", "image create", "image ls", "image inspect", "image history", "image tag", "image rm", "image prune", "image pin", "image unpin",
        "run", "exec", "ps", "stop", "rm", "inspect", "container", "container ls", "container inspect", "container stop", "container rm", "system", "system info", "system set",
    ];

    [Fact]
    public async Task The_help_of_every_verb_is_approved()
    {
        using var space = new KleeneSpace();
        var text = new StringBuilder();
        foreach (var verb in Verbs)
        {
            text.Append("$ kleene ").Append(verb).Append(verb.Length > 0 ? " " : "").AppendLine("--help");
            text.Append((await space.RunAsync(space.Command([.. verb.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]))).Output);
        }

        // The number of processors is this machine's.
        var shown = text.ToString().Replace($"[default: {Environment.ProcessorCount}]", "[default: N]", StringComparison.Ordinal);
        Approved.Matches(shown, Path.Join(KleeneSpace.Repository, "tests/Cli.Tests/testdata/help.approved.txt"));
        Assert.False(Directory.Exists(space.StateRoot));
    }
}
