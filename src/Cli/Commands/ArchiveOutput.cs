using System.CommandLine;
using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Cli.Commands;

/// <summary>Where a tree goes that is packed: a file, or the standard output when that is none of a terminal.</summary>
internal sealed class ArchiveOutput
{
    private const string StandardOutput = "-";

    private readonly Option<string> output = new("--output", "-o")
    {
        Description = "the archive; '-' is the standard output",
        HelpName = "FILE",
        DefaultValueFactory = _ => StandardOutput,
    };

    public void AddTo(Command command) => command.Options.Add(output);

    /// <summary>To be asked before anything is done for an archive that nobody could read.</summary>
    /// <exception cref="UsageException">It would go to a terminal.</exception>
    public void RefuseTerminal(Context context)
    {
        if (context.Get(output) is null or StandardOutput && !Console.IsOutputRedirected)
        {
            throw new UsageException("an archive is nothing for a terminal; write --output FILE, or send it into a file or program");
        }
    }

    /// <param name="shown">Whose ids the tree shows as owners.</param>
    public async Task WriteAsync(Context context, string tree, UserRange? shown, CancellationToken cancellationToken)
    {
        var path = context.Get(output) ?? StandardOutput;
        await using var target = new BufferedStream(path == StandardOutput ? Console.OpenStandardOutput() : File.Create(path), 1 << 20);
        await TreeArchiver.WriteAsync(tree, target, shown, cancellationToken);
    }
}
