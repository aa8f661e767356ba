using System.Diagnostics;
using Kleene.Build.Cli;
using Kleene.Build.Cli.Output;

var began = Stopwatch.GetTimestamp();

// The one answer that needs nothing at all is given before anything is built up.
if (args is ["--version"] or ["--trace", _, "--version"])
{
    using var output = new Terminal();
    if (!TraceFile.TryBegin(args is [_, var file, _] ? file : null, "kleene --version", began, output, out var trace))
    {
        return ExitCodes.Usage;
    }

    output.Output.WriteLine($"kleene {CommandLineApplication.Version}");
    trace?.Write();
    return ExitCodes.Done;
}

using var terminal = new Terminal();
using var signals = new InterruptSignals();
return await new CommandLineApplication(Machine.This, terminal, signals).RunAsync(InvokedName.Read(), args, began);
