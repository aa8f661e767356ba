using System.CommandLine;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene context ls</c>: the files that a build would see. Needs neither privileges nor a state directory.</summary>
internal static class ContextCommand
{
    public static Command Create(string name, Verb verb)
    {
        var source = new KleenefileOptions();
        var why = new Option<bool>("--why") { Description = "also the ignored files, and the rule that decided" };
        var (format, quiet) = ListOptions.Create();
        var list = new Command("ls", "list the files that COPY can take") { source.Context, why, format, quiet };
        source.AddTo(list);
        verb.Does(list, async (context, cancellationToken) =>
        {
            using var kleenefile = await source.ReadAsync(context, cancellationToken);
            using var files = kleenefile.OpenContext(cache: null) ?? throw new UsageException("'-' has no files; give a directory");
            var explains = context.Get(why);
            var listing = explains ? Explained : Plain;
            var rows = files.List(withIgnored: explains).Where(entry => entry.Kind != FileKind.Directory).ToList();
            listing.Print(context.Terminal.Output, rows, context.Get(format) ?? "table", context.Get(quiet));
            return ExitCodes.Done;
        });
        return new Command(name) { list };
    }

    private static Listing<ContextEntry> Plain { get; } = new(PathColumn, SizeColumn);

    private static Listing<ContextEntry> Explained { get; } = new(
        PathColumn,
        SizeColumn,
        new("ignored", file => file.Decision.IsIgnored ? "yes" : "no", (json, file) => json.WriteBooleanValue(file.Decision.IsIgnored)),
        new("rule", file => file.Decision.Rule is { } rule ? $"{rule.Place}: {rule.Text}" : ""));

    private static Listing<ContextEntry>.Column PathColumn => new("path", file => file.Path.ToDisplay());

    private static Listing<ContextEntry>.Column SizeColumn =>
        new("size", file => file.Size.ToString(System.Globalization.CultureInfo.InvariantCulture), (json, file) => json.WriteNumberValue(file.Size));
}
