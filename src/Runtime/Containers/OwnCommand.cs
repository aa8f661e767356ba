using System.Collections.Immutable;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Containers;

/// <summary>How other programs, and those we leave behind, call this one with the same state directory.</summary>
/// <param name="Words">The program, by its absolute path, and the arguments that come first.</param>
public sealed record OwnCommand(ImmutableArray<string> Words)
{
    private const string RuntimeVariable = "KLEENE_RUNTIME";

    /// <summary>What of our own environment decides how jails are made.</summary>
    public static ImmutableArray<string> Environment { get; } =
        System.Environment.GetEnvironmentVariable(RuntimeVariable) is { Length: > 0 } wish
            ? [.. CommandLine.ToolEnvironment, $"{RuntimeVariable}={wish}"]
            : CommandLine.ToolEnvironment;

    public ImmutableArray<string> With(params ReadOnlySpan<string> arguments) => [.. Words, .. arguments];

    public CommandLine ToCommandLine(params ReadOnlySpan<string> arguments) =>
        new(Words[0], [.. Words.AsSpan()[1..], .. arguments]) { Environment = Environment, WorkingDirectory = "/" };
}
