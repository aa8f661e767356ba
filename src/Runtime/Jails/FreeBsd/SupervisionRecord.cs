using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kleene.Build.Runtime.Processes;
using Kleene.Build.Runtime.Terminals;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>What the process that supervises a jail is told, in a file of the jail's directory.</summary>
internal sealed record SupervisionRecord
{
    /// <summary>The arguments of jexec: the jail, and the command in it.</summary>
    public required ImmutableArray<string> Arguments { get; init; }

    public required ImmutableArray<string> Environment { get; init; }

    /// <summary>The command of ours that makes a terminal its own and becomes that; none: the process has no terminal.</summary>
    public ImmutableArray<string> LeadCommand { get; init; } = [];

    /// <summary>The size that the terminal has at first, when anybody knows one.</summary>
    public WindowSize? Window { get; init; }

    public required string LogFile { get; init; }

    public required bool KeepsInput { get; init; }

    public required bool InputOutlivesWriter { get; init; }

    public required ImmutableArray<string> EndCommand { get; init; }

    public required ImmutableArray<string> EndEnvironment { get; init; }

    /// <param name="command">What becomes the first process.</param>
    /// <param name="hasTerminal">Whether that has a terminal.</param>
    public static SupervisionRecord Of(CommandLine command, bool hasTerminal, JailSupervision supervision) => new()
    {
        Arguments = command.Arguments,
        Environment = command.Environment,
        LeadCommand = hasTerminal ? supervision.LeadCommand : [],
        Window = hasTerminal ? WindowSize.TryOfInput() : null,
        LogFile = supervision.LogFile,
        KeepsInput = supervision.KeepsInput,
        InputOutlivesWriter = supervision.InputOutlivesWriter,
        EndCommand = supervision.EndCommand,
        EndEnvironment = supervision.Environment,
    };

    /// <summary>Whether the process has a terminal.</summary>
    [JsonIgnore]
    public bool HasTerminal => !LeadCommand.IsEmpty;

    [JsonIgnore]
    public CommandLine Command => new(FreeBsdTools.JailExec, Arguments) { Environment = Environment, Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>In our own environment and not in the process's, which must not decide what we load.</summary>
    [JsonIgnore]
    public CommandLine Leader => new(LeadCommand[0], LeadCommand[1..]) { Environment = EndEnvironment, Timeout = Timeout.InfiniteTimeSpan };

    [JsonIgnore]
    public CommandLine End => new(EndCommand[0], EndCommand[1..]) { Environment = EndEnvironment };

    public static SupervisionRecord Read(string file) =>
        JsonSerializer.Deserialize(File.ReadAllBytes(file), SupervisionJson.Default.SupervisionRecord) ?? throw new JsonException($"'{file}' says nothing");

    public void Write(string file) => File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(this, SupervisionJson.Default.SupervisionRecord));
}

[JsonSerializable(typeof(SupervisionRecord))]
internal sealed partial class SupervisionJson : JsonSerializerContext;
