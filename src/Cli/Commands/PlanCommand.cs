using System.CommandLine;
using Kleene.Build.Builder;
using Kleene.Build.Builder.Explaining;
using Kleene.Build.Cli.Output;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting;
using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Cli.Commands;

/// <summary>
/// <c>kleene plan</c>: compiles only, and then needs neither privileges nor a state directory; or it asks the cache what a build would run.
/// </summary>
internal static class PlanCommand
{
    public static Command Create(string name, Verb verb)
    {
        var source = new KleenefileOptions();
        var format = new Option<string>("--format") { Description = "text, json or dot (graphviz)", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json", "dot");

        var dryRun = new Option<bool>("--dry-run") { Description = "say which steps a build would run, and why, without running any" };
        var tag = new Option<string?>("--tag", "-t") { Description = "with --dry-run: the name that the build would have", HelpName = "NAME[:TAG]" };

        var command = new Command(name) { source.Context, format, dryRun, tag };
        source.AddTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleenefile = await source.ReadAsync(context, cancellationToken);
            if (context.Get(dryRun))
            {
                return await ForecastAsync(context, kleenefile, context.Get(format) ?? "text", context.Get(tag), cancellationToken);
            }

            var compilation = KleenefileCompiler.Compile(kleenefile.Source, kleenefile.Compile with { Lint = LintLevel.Warnings });
            var form = context.Get(format);
            if (form == "json")
            {
                context.Terminal.Output.WriteLine(PlanDump.Json(compilation));
            }
            else
            {
                context.Terminal.Error.Write(new DiagnosticPrinter().Format(compilation.Diagnostics));
                if (compilation.Plan is { } plan)
                {
                    context.Terminal.Output.Write(form == "dot" ? PlanDump.Dot(plan) : PlanDump.Text(plan));
                }
            }

            return compilation.Plan is null ? ExitCodes.Usage : ExitCodes.Done;
        });
        return command;
    }

    private static async Task<int> ForecastAsync(Context context, Kleenefile kleenefile, string form, string? tag, CancellationToken cancellationToken)
    {
        if (form == "dot")
        {
            throw new UsageException("--dry-run has no form 'dot'; there are text and json");
        }

        using var kleene = await context.OpenAsync(cancellationToken);
        using var files = kleenefile.OpenContext(kleene.State.Contexts);
        var request = new BuildRequest
        {
            Source = kleenefile.Source,
            Compile = kleenefile.Compile,
            Context = files,
            NamedContexts = kleenefile.Named.Open(kleene.State.Contexts),
            Tags = tag is null ? [] : [OptionValues.ImageName(tag)],
        };
        var (diagnostics, forecast) = await kleene.Builder.ForecastAsync(request, cancellationToken);
        context.Terminal.Error.Write(new DiagnosticPrinter().Format(diagnostics));
        if (forecast is null)
        {
            return ExitCodes.Usage;
        }

        var explanation = new BuildExplainer(kleene.Builds, forecast).Explain(forecast.ToRecord(request, kleene.Clock.GetUtcNow()));
        if (form == "json")
        {
            context.Terminal.Output.WriteLine(ExplanationJson.Write(explanation, FileBlame.None));
        }
        else
        {
            ExplanationText.Write(context.Terminal.Output, explanation, FileBlame.None);
        }

        return ExitCodes.Done;
    }
}
