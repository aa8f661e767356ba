using System.CommandLine;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>How a command is told which containers are meant.</summary>
internal static class ContainerArgument
{
    private const string Name = "CONTAINER";
    private const string Description = "its name or the beginning of its id";

    public static Argument<string> One() => new(Name) { Description = Description };

    public static Argument<string[]> Several() => new(Name) { Description = Description, Arity = ArgumentArity.OneOrMore };
}
