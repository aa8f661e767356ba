using System.CommandLine;
using Kleene.Build.Runtime.Containers;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>What is mounted in a container.</summary>
internal sealed class MountOptions
{
    private readonly Option<string[]> volumes = new("--volume", "-v", "--mount", "-m") { Description = "a volume, or a directory or file of the host", HelpName = "SRC:DST[:ro]" };

    public void AddTo(Command command) => command.Options.Add(volumes);

    public ContainerSpec Apply(ContainerSpec spec, Context context) =>
        spec with { Mounts = [.. (context.Get(volumes) ?? []).Select(volume => MountOption.Read(volume, "--volume"))] };
}
