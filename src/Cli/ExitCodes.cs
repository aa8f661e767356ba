namespace Kleene.Build.Cli;

/// <summary>What the process ends with; <c>run</c> and <c>exec</c> otherwise give the container's own code.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>A build step or an operation failed.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the Kleenefile is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A container could not be started.</summary>
    public const int CannotStart = 125;

    public const int Interrupted = 130;
}
