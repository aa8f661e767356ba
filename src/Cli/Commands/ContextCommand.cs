using System.CommandLine;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene context ls</c>: the files that a build would see. Needs neither privileges nor a state directory.</summary>
internal static class ContextCommand
{
    private sealed record ContextFile(string Path, long Size, IgnoreDecision Decision);

    public static Command Create(string name, Verb verb)
    {
        var source = new KleenefileOptions();
        var why = new Option<bool>("--why") { Description = "also the ignored files, and the rule that decided" };
        var (format, quiet) = ListOptions.Create();
        var list = new Command("ls", "list the files that COPY can take") { source.Context, why, format, quiet };
        source.AddTo(list);
        verb.Does(list, async (context, cancellationToken) =>
        {
            var kleenefile = await source.ReadAsync(context, cancellationToken);
            using var files = kleenefile.OpenContext(cache: null) ?? throw new UsageException("'-' has no files; give a directory");
            var explains = context.Get(why);
            var listing = explains ? Explained : Plain;
            var rows = Walk(files, UnixPath.Empty).Where(file => explains || !file.Decision.IsIgnored).ToList();
            listing.Print(context.Terminal.Output, rows, context.Get(format) ?? "table", context.Get(quiet));
            return ExitCodes.Done;
        });
        return new Command(name) { list };
    }

    private static Listing<ContextFile> Plain { get; } = new(PathColumn, SizeColumn);

    private static Listing<ContextFile> Explained { get; } = new(
        PathColumn,
        SizeColumn,
        new("ignored", file => file.Decision.IsIgnored ? "yes" : "no", (json, file) => json.WriteBooleanValue(file.Decision.IsIgnored)),
        new("rule", file => file.Decision.Rule is { } rule ? $"{rule.Place}: {rule.Text}" : ""));

    private static Listing<ContextFile>.Column PathColumn => new("path", file => file.Path);

    private static Listing<ContextFile>.Column SizeColumn =>
        new("size", file => file.Size.ToString(System.Globalization.CultureInfo.InvariantCulture), (json, file) => json.WriteNumberValue(file.Size));

    private static IEnumerable<ContextFile> Walk(BuildContext context, UnixPath directory)
    {
        foreach (var name in context.Files.Root.List(directory).Order())
        {
            var path = directory.IsEmpty ? name : directory / name;
            var status = context.Files.Root.Stat(path, followLink: false);
            if (status.IsDirectory)
            {
                foreach (var inner in Walk(context, path))
                {
                    yield return inner;
                }
            }
            else
            {
                yield return new ContextFile(path.ToDisplay(), status.Size, context.Ignore.Decide(path));
            }
        }
    }
}
