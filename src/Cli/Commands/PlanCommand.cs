using System.CommandLine;
using Kleene.Build.Cli.Output;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Linting;
using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene plan</c>: compiles only. Needs neither privileges nor a state directory.</summary>
internal static class PlanCommand
{
    public static Command Create(string name, Verb verb)
    {
        var source = new KleenefileOptions();
        var format = new Option<string>("--format") { Description = "text, json or dot (graphviz)", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json", "dot");

        var command = new Command(name) { source.Context, format };
        source.AddTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleenefile = await source.ReadAsync(context, cancellationToken);
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
}
