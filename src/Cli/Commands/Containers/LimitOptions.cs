using System.CommandLine;
using Kleene.Build.Runtime.Containers;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>How much of the machine a container may take.</summary>
internal sealed class LimitOptions
{
    private readonly Option<string?> memory = new("--memory") { Description = "upper bound, such as 512m", HelpName = "BYTES" };
    private readonly Option<double?> cpus = new("--cpus") { Description = "upper bound, such as 1.5", HelpName = "N" };
    private readonly Option<long?> processes = new("--pids-limit") { Description = "upper bound of processes", HelpName = "N" };

    public void AddTo(Command command)
    {
        command.Options.Add(memory);
        command.Options.Add(cpus);
        command.Options.Add(processes);
    }

    public ContainerSpec Apply(ContainerSpec spec, Context context) =>
        spec with { Limits = OptionValues.Limits(context.Get(memory), context.Get(cpus), context.Get(processes)) };
}
