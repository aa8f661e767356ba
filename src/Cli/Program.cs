using Kleene.Build.Cli;
using Kleene.Build.Cli.Output;

// The one answer that needs nothing at all is given before anything is built up.
if (args is ["--version"])
{
    using var output = new Terminal();
    output.Output.WriteLine($"kleene {CommandLineApplication.Version}");
    return ExitCodes.Done;
}

using var terminal = new Terminal();
using var signals = new InterruptSignals();
return await new CommandLineApplication(Machine.This, terminal, signals).RunAsync(InvokedName.Read(), args);
