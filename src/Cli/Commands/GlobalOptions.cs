using System.CommandLine;
using Kleene.Build.Runtime.State;

namespace Kleene.Build.Cli.Commands;

/// <summary>The options that every command has, with the environment's values behind them.</summary>
internal sealed class GlobalOptions
{
    private readonly Option<string?> root = new("--root") { Description = "state directory (KLEENE_ROOT)", HelpName = "DIR", Recursive = true };

    private readonly Option<string?> storage = new("--storage")
    {
        Description = "storage driver: auto, zfs[:POOL/DATASET], btrfs or overlay (KLEENE_STORAGE)",
        HelpName = "DRIVER",
        Recursive = true,
    };

    private readonly Option<string?> logLevel = new("--log-level") { Description = "debug shows every external command (KLEENE_LOG)", HelpName = "LEVEL", Recursive = true };

    private readonly Option<string?> logFormat = new("--log-format") { Description = "text or json", HelpName = "FORMAT", Recursive = true };

    private readonly Option<bool> noColor = new("--no-color") { Description = "no colours, also on a terminal (NO_COLOR)", Recursive = true };

    private readonly Option<string?> trace = new("--trace") { Description = "write there where the time went, in Chrome's trace event format", HelpName = "FILE", Recursive = true };

    public void AddTo(Command command)
    {
        logLevel.AcceptOnlyFromAmong("debug", "info", "warning", "error");
        logFormat.AcceptOnlyFromAmong("text", "json");
        command.Options.Add(root);
        command.Options.Add(storage);
        command.Options.Add(logLevel);
        command.Options.Add(logFormat);
        command.Options.Add(noColor);
        command.Options.Add(trace);
    }

    public string Root(ParseResult arguments) => Value(arguments, root, "KLEENE_ROOT") ?? DefaultRoot();

    public string Storage(ParseResult arguments) => Value(arguments, storage, "KLEENE_STORAGE") ?? "auto";

    public bool IsDebug(ParseResult arguments) => Value(arguments, logLevel, "KLEENE_LOG") == "debug";

    public bool LogsJson(ParseResult arguments) => arguments.GetValue(logFormat) == "json";

    /// <summary>Null when nobody wants to know.</summary>
    public string? Trace(ParseResult arguments) => arguments.GetValue(trace);

    public bool HasColor(ParseResult arguments) => !arguments.GetValue(noColor) && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";

    private static string? Value(ParseResult arguments, Option<string?> option, string variable) =>
        (arguments.GetValue(option) is { Length: > 0 } given ? given : null) ?? (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null);

    private static string DefaultRoot() =>
        Environment.IsPrivilegedProcess
            ? StateDirectory.SystemRoot
            : Path.Join(
                Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data ? data : Path.Join(Environment.GetEnvironmentVariable("HOME") ?? "/", ".local/share"),
                "kleene");
}
