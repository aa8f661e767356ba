using System.CommandLine;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Cli.Output;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene check</c>: everything that can be found in a Kleenefile without building it. Needs neither privileges nor a state directory.</summary>
internal static class CheckCommand
{
    public static Command Create(string name, Verb verb)
    {
        var source = new KleenefileOptions();
        source.Context.DefaultValueFactory = _ => ".";
        var format = new Option<string>("--format") { Description = "text, json or sarif", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json", "sarif");
        var fix = new Option<bool>("--fix") { Description = "correct in the file what needs no thought" };
        var dryRun = new Option<bool>("--dry-run") { Description = "with --fix: print the corrected file instead" };
        var explain = new Option<string?>("--explain") { Description = "print the page of a rule, by its name or id", HelpName = "RULE" };

        var command = new Command(name) { source.Context, format, fix, dryRun, explain };
        source.AddTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            if (context.Get(explain) is { } rule)
            {
                context.Terminal.Output.Write(Page(rule));
                return ExitCodes.Done;
            }

            if (context.Get(dryRun) && !context.Get(fix))
            {
                throw new UsageException("--dry-run shows what --fix would write; give both");
            }

            using var kleenefile = await source.ReadAsync(context, cancellationToken);
            using var files = kleenefile.OpenContext(cache: null);
            var last = context.Get(fix) ? Fix(kleenefile, files, context, prints: context.Get(dryRun)) : kleenefile;
            return Print(Compile(last, files), context.Get(format) ?? "text", context);
        });
        return command;
    }

    /// <summary>The same for <c>kleene build --check</c>.</summary>
    public static int Check(Kleenefile kleenefile, Context context)
    {
        using var files = kleenefile.OpenContext(cache: null);
        return Print(Compile(kleenefile, files), "text", context);
    }

    private static Compilation Compile(Kleenefile kleenefile, BuildContext? files) =>
        KleenefileCompiler.Compile(
            kleenefile.Source,
            kleenefile.Compile with { Lint = LintLevel.Everything, Files = files is null ? null : new ContextFiles(files) });

    private static int Print(Compilation compilation, string format, Context context)
    {
        switch (format)
        {
            case "json":
                context.Terminal.Output.Write(CheckReport.Json(compilation));
                break;
            case "sarif":
                context.Terminal.Output.Write(CheckReport.Sarif(compilation));
                break;
            default:
                context.Terminal.Error.Write(CheckReport.Text(compilation));
                break;
        }

        return compilation.HasErrors ? ExitCodes.Usage : ExitCodes.Done;
    }

    /// <summary>Writes what can be corrected, and returns the file as it is then.</summary>
    private static Kleenefile Fix(Kleenefile kleenefile, BuildContext? files, Context context, bool prints)
    {
        var correction = KleenefileCorrection.Of(kleenefile, candidate => Compile(candidate, files));
        if (prints || kleenefile.File is not { } file || kleenefile.Fetched is not null)
        {
            context.Terminal.Output.Write(correction.Kleenefile.Source.Text);
        }
        else if (correction.Count > 0)
        {
            KleenefileRewriter.Rewrite(file, correction.Before, correction.After);
            context.Terminal.Error.WriteLine($"corrected {correction.Count} finding{(correction.Count == 1 ? "" : "s")} in '{file}'");
        }

        return correction.Kleenefile;
    }

    private static string Page(string name) =>
        Rules.Find(name) is { } rule
            ? RulePages.Of(rule)
            : throw new UsageException($"there is no rule '{name}'{Runtime.Suggestion.Hint(name, Rules.All.Select(known => known.Name).Concat(Rules.All.Select(known => known.Id)))}");
}
