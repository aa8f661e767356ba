using System.CommandLine;

namespace Kleene.Build.Cli.Commands;

/// <summary>What <c>run</c>, <c>create</c> and <c>build</c> call a parameter of a jail, as klee does. What may be in it the driver knows.</summary>
internal static class JailParameterOption
{
    public static Option<string[]> Create(string description) => new("--jailparam", "-J") { Description = description, HelpName = "NAME[=VALUE]" };
}
