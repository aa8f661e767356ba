using System.CommandLine;
using Kleene.Build.Runtime.Containers;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>What the superuser and the programs of a container may do, beyond or below the usual.</summary>
internal sealed class GrantOptions
{
    private readonly Option<bool> readOnly = new("--read-only") { Description = "its root cannot be written" };

    public void AddTo(Command command) => command.Options.Add(readOnly);

    public ContainerSpec Apply(ContainerSpec spec, Context context) => spec with { ReadOnlyRoot = context.Get(readOnly) };
}
