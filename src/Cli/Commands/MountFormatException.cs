namespace Kleene.Build.Cli.Commands;

/// <summary>What is to be mounted cannot be read. For commands that run a container it ends in 125, as klee has it.</summary>
internal sealed class MountFormatException(string message) : UsageException(message);
