using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>What the process that supervises a jail is told, in a file of the jail's directory.</summary>
internal sealed record SupervisionRecord
{
    /// <summary>The arguments of jexec: the jail, and the command in it.</summary>
    public required ImmutableArray<string> Arguments { get; init; }

    public required ImmutableArray<string> Environment { get; init; }

    public required string LogFile { get; init; }

    public required bool KeepsInput { get; init; }

    public required bool InputOutlivesWriter { get; init; }

    public required ImmutableArray<string> EndCommand { get; init; }

    public required ImmutableArray<string> EndEnvironment { get; init; }

    public static SupervisionRecord Of(CommandLine command, JailSupervision supervision) => new()
    {
        Arguments = command.Arguments,
        Environment = command.Environment,
        LogFile = supervision.LogFile,
        KeepsInput = supervision.KeepsInput,
        InputOutlivesWriter = supervision.InputOutlivesWriter,
        EndCommand = supervision.EndCommand,
        EndEnvironment = supervision.Environment,
    };

    public CommandLine Command => new(FreeBsdTools.JailExec, Arguments) { Environment = Environment, Timeout = Timeout.InfiniteTimeSpan };

    public CommandLine End => new(EndCommand[0], EndCommand[1..]) { Environment = EndEnvironment };

    public static SupervisionRecord Read(string file) =>
        JsonSerializer.Deserialize(File.ReadAllBytes(file), SupervisionJson.Default.SupervisionRecord) ?? throw new JsonException($"'{file}' says nothing");

    public void Write(string file) => File.WriteAllBytes(file, JsonSerializer.SerializeToUtf8Bytes(this, SupervisionJson.Default.SupervisionRecord));
}

[JsonSerializable(typeof(SupervisionRecord))]
internal sealed partial class SupervisionJson : JsonSerializerContext;
