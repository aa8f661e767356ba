using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Diagnostics;
using Kleene.Build.Cli.Commands;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Cli;

/// <summary>Turns arguments into a command and every way it can end into an exit code.</summary>
internal sealed class CommandLineApplication(Machine machine, Terminal terminal, InterruptSignals signals)
{
    public const string Version = "0.1.0";

    /// <param name="invokedAs">The name we were called by: <c>kleene-build</c> is <c>kleene build</c>.</param>
    /// <param name="words">The arguments.</param>
    /// <param name="began">When our code began, as <see cref="Stopwatch"/> counts.</param>
    public async Task<int> RunAsync(string invokedAs, string[] words, long began)
    {
        var globals = new GlobalOptions();
        var verbs = new VerbTable(machine, globals, terminal, signals);
        if (Path.GetFileName(invokedAs) is "kleene-build" or "kleene-run")
        {
            words = [Path.GetFileName(invokedAs)["kleene-".Length..], .. words];
        }

        ParseResult arguments;
        try
        {
            arguments = verbs.Parse(words);
        }
        catch (UsageException exception)
        {
            terminal.WriteError(exception.Message);
            return ExitCodes.Usage;
        }

        if (arguments.Errors.Count > 0 && arguments.Action is not HelpAction)
        {
            terminal.WriteError(UsageError(arguments));
            terminal.Error.WriteLine($"'kleene {VerbTable.PathOf(arguments)}--help' shows how it is used");
            return ExitCodes.Usage;
        }

        if (!TraceFile.TryBegin(globals.Trace(arguments), $"kleene {VerbTable.PathOf(arguments)}".TrimEnd(), began, terminal, out var trace))
        {
            return ExitCodes.Usage;
        }

        var code = await InvokeAsync(arguments, globals);
        trace?.Write();
        return code;
    }

    private async Task<int> InvokeAsync(ParseResult arguments, GlobalOptions globals)
    {
        using var traced = Tracer.Begin(Timeline.Command);
        try
        {
            var code = await arguments.InvokeAsync(
                new InvocationConfiguration
                {
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                    Output = terminal.Output,
                    Error = terminal.Error,
                },
                signals.Token);

            // A result that could not be written was not given: better told now than at the end of the process, where nobody listens.
            // Not by FlushAsync, which has a thread of the pool do it, and starts the pool for that.
            terminal.Output.Flush();
            return code;
        }
        catch (Exception exception)
        {
            return Report(exception, globals.IsDebug(arguments), VerbTable.RunsContainer(arguments));
        }
    }

    /// <summary>What is wrong with the words, with the nearest command when the first of them names none.</summary>
    private static string UsageError(ParseResult arguments)
    {
        var commands = arguments.CommandResult.Command.Subcommands;
        if (commands.Count == 0 || arguments.UnmatchedTokens.Count == 0 || arguments.UnmatchedTokens[0].StartsWith('-'))
        {
            return string.Join('\n', arguments.Errors.Select(error => error.Message.TrimEnd('.')));
        }

        var word = arguments.UnmatchedTokens[0];
        return $"there is no command '{VerbTable.PathOf(arguments)}{word}'"
            + (Suggestion.Nearest(word, commands.Select(command => command.Name)) is { } nearest ? $"; did you mean '{VerbTable.PathOf(arguments)}{nearest}'?" : "");
    }

    /// <summary>Our own errors are sentences; the machine's are told as it tells them. Only a mistake of ours shows a stack, and only when asked.</summary>
    private int Report(Exception exception, bool debug, bool runsContainer)
    {
        var failed = runsContainer ? ExitCodes.CannotStart : ExitCodes.Failed;
        var (code, message) = exception switch
        {
            OperationCanceledException when signals.Token.IsCancellationRequested => (ExitCodes.Interrupted, "interrupted"),
            OperationCanceledException => (failed, "something of the machine did not end in time; --log-level debug shows what was waited for"),
            MountFormatException when runsContainer => (ExitCodes.CannotStart, exception.Message),
            UsageException or MalformedReferenceException => (ExitCodes.Usage, exception.Message),
            JailStartException failure when runsContainer => (failure.ExitCode, exception.Message),
            KleeneException or IOException or UnauthorizedAccessException => (failed, exception.Message + FullDisk.Hint(exception)),
            _ => (failed, $"this is a mistake in kleene ({exception.GetType().Name}: {exception.Message}); --log-level debug shows where"),
        };
        terminal.WriteError(message);
        if (debug)
        {
            terminal.Error.WriteLine(exception.ToString());
        }

        return code;
    }
}
