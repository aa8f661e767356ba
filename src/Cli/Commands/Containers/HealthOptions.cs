using System.CommandLine;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>How a container says whether it is well, instead of, or on top of, what its image says.</summary>
internal sealed class HealthOptions
{
    private readonly Option<string?> test = new("--health-cmd") { Description = "a shell command that ends with 0 when it is well", HelpName = "COMMAND" };
    private readonly Option<string?> interval = Duration("--health-interval", "between two checks; 30s otherwise");
    private readonly Option<string?> timeout = Duration("--health-timeout", "after which a check has failed; 30s otherwise");
    private readonly Option<string?> startPeriod = Duration("--health-start-period", "in which failures do not count");
    private readonly Option<string?> startInterval = Duration("--health-start-interval", "between two checks in that time; 5s otherwise");
    private readonly Option<int?> retries = new("--health-retries") { Description = "so many failures in a row; 3 otherwise", HelpName = "N" };
    private readonly Option<string> onFailure = new("--health-on-failure") { Description = "none, kill, restart or stop", HelpName = "ACTION", DefaultValueFactory = _ => "none" };
    private readonly Option<bool> none = new("--no-healthcheck") { Description = "it is not checked, whatever its image says" };

    public HealthOptions() => onFailure.AcceptOnlyFromAmong("none", "kill", "restart", "stop");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[test, interval, timeout, startPeriod, startInterval, retries, onFailure, none])
        {
            command.Options.Add(option);
        }
    }

    public ContainerSpec Apply(ContainerSpec spec, ImageConfig config, Context context)
    {
        if (context.Get(none))
        {
            return context.Get(test) is null ? spec : throw new UsageException("--no-healthcheck and --health-cmd exclude each other");
        }

        var ofImage = config.Healthcheck is { Test: [not "NONE", ..] } check ? check : null;
        var argv = context.Get(test) is { Length: > 0 } text ? ["CMD-SHELL", text] : ofImage?.Test ?? [];
        if (argv.IsEmpty)
        {
            return spec;
        }

        return spec with
        {
            OnUnhealthy = Enum.Parse<HealthAction>(context.Get(onFailure) ?? "none", ignoreCase: true),
            Healthcheck = new ImageHealthcheck
            {
                Test = argv,
                Interval = OptionValues.Duration(context.Get(interval), interval.Name) ?? ofImage?.Interval ?? 0,
                Timeout = OptionValues.Duration(context.Get(timeout), timeout.Name) ?? ofImage?.Timeout ?? 0,
                StartPeriod = OptionValues.Duration(context.Get(startPeriod), startPeriod.Name) ?? ofImage?.StartPeriod ?? 0,
                StartInterval = OptionValues.Duration(context.Get(startInterval), startInterval.Name) ?? ofImage?.StartInterval ?? 0,
                Retries = context.Get(retries) ?? ofImage?.Retries ?? 0,
            },
        };
    }

    private static Option<string?> Duration(string name, string description) => new(name) { Description = description, HelpName = "TIME" };
}
