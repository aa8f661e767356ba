using System.CommandLine;
using System.Globalization;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>How a container ends, whether it comes back, and what is kept of it.</summary>
internal sealed class LifeOptions
{
    private readonly Option<string?> stopSignal = new("--stop-signal") { Description = "what 'stop' sends first", HelpName = "SIGNAL" };
    private readonly Option<double?> stopTimeout = new("--stop-timeout") { Description = "seconds until 'stop' kills it; 10 otherwise", HelpName = "SECONDS" };
    private readonly Option<string> restart = new("--restart") { Description = "no, on-failure[:N], always, unless-stopped or on-startup", HelpName = "POLICY", DefaultValueFactory = _ => "no" };
    private readonly TextsOption labels = new("--label") { Description = "a label", HelpName = "NAME[=value]" };
    private readonly TextsOption log = new("--log-opt") { Description = "max-size=BYTES begins the log anew, max-file=N keeps so many; otherwise all is kept", HelpName = "KEY=value" };
    private readonly Option<bool> persist = new("--persist", "-P") { Description = "'prune' spares it" };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[stopSignal, stopTimeout, restart, labels, log, persist])
        {
            command.Options.Add(option);
        }
    }

    public ContainerSpec Apply(ContainerSpec spec, ImageConfig config, Context context)
    {
        var policy = RestartOf(context.Get(restart) ?? "no");
        return spec.RemoveAtExit && policy.Rule != RestartRule.No
            ? throw new UsageException("--rm and --restart exclude each other: what goes at its end cannot be started again")
            : spec with
            {
                StopSignal = OptionValues.Signal(context.Get(stopSignal), "--stop-signal") ?? config.StopSignal,
                StopSeconds = context.Get(stopTimeout) is { } seconds ? OptionValues.Seconds(seconds, "--stop-timeout").TotalSeconds : null,
                Restart = policy,
                Labels = spec.Labels.SetItems(config.Labels).SetItems(OptionValues.Labels(context.Get(labels) ?? [])),
                Log = Log(context.Get(log) ?? []),
                IsPersistent = context.Get(persist),
            };
    }

    public static RestartPolicy RestartOf(string text)
    {
        try
        {
            return RestartPolicy.Parse(text);
        }
        catch (KleeneException exception)
        {
            throw new UsageException($"--restart: {exception.Message}");
        }
    }

    private static LogBound? Log(IEnumerable<string> options)
    {
        long? bytes = null;
        var files = 1;
        foreach (var option in options)
        {
            var (key, value) = OptionValues.Pair(option, "--log-opt");
            switch (key)
            {
                case "max-size":
                    bytes = OptionValues.Bytes(value, "--log-opt max-size");
                    break;
                case "max-file" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out files) && files is > 0 and <= 100:
                    break;
                case "max-file":
                    throw new UsageException($"--log-opt '{option}' is not a number of files from 1 to 100");
                default:
                    throw new UsageException($"--log-opt '{option}': there are max-size and max-file{Suggestion.Hint(key, ["max-size", "max-file"])}");
            }
        }

        return bytes is { } bound ? new LogBound(bound, files)
            : files == 1 ? null
            : throw new UsageException("--log-opt max-file goes with max-size: without a bound there is only one file");
    }
}
