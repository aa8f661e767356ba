using System.Collections.Immutable;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Containers;

/// <summary>A tree that an image was cloned into, how it runs, and what became of it.</summary>
public sealed record Container
{
    /// <summary>Also names its tree and its jail.</summary>
    public required SnapshotId Id { get; init; }

    public required string Name { get; init; }

    public required string ImageId { get; init; }

    /// <summary>What its tree is a clone of.</summary>
    public required SnapshotId Snapshot { get; init; }

    /// <remarks>Of a stored one it is read when somebody asks: what reads all that may be in it takes longer to set up than most commands take.</remarks>
    public ContainerSpec Spec
    {
        get => field ??= ContainerSpec.Parse(Stored);
        init => (field, Stored) = (value, "");
    }

    /// <summary>The words of its first process, for those who ask for nothing else of <see cref="Spec"/>.</summary>
    public ImmutableArray<string> Argv => Stored.Length > 0 ? ContainerSpec.ParseArgv(Stored) : Spec.Argv;

    /// <summary>The specification as it is stored.</summary>
    internal string Stored { get; init; } = "";

    public required ContainerState State { get; init; }

    /// <summary>
    /// Whoever has it in hand: the command that makes or runs it, or the supervisor of a run. Empty when nothing of a run is left.
    /// </summary>
    public string Session { get; init; } = "";

    /// <summary>Whether it is to run: from its start until somebody stops it.</summary>
    public bool IsWanted { get; init; }

    /// <summary>How often its policy has started it again since somebody did.</summary>
    public int Restarts { get; init; }

    /// <summary>How many of its last runs were short ones.</summary>
    internal int Streak { get; init; }

    /// <summary>Whether the system killed something in it because it was at its limit of memory.</summary>
    public bool OutOfMemory { get; init; }

    /// <summary>As a shell shows it; null while it has none, or when nobody was there to see the end.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Null where it is not checked.</summary>
    public ContainerHealth? Health { get; init; }

    public required DateTimeOffset Created { get; init; }

    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Finished { get; init; }
}

public enum ContainerState
{
    Created,

    /// <summary>A command is about to start it.</summary>
    Starting,
    Running,

    /// <summary>It has ended and its policy will start it again after a pause.</summary>
    Restarting,
    Exited,
}

/// <summary>No container has that name or id.</summary>
public sealed class ContainerNotFoundException(string reference, string? nearest)
    : KleeneException($"there is no container '{reference}'" + (nearest is null ? "; 'kleene ps -a' shows what there is" : $"; did you mean '{nearest}'?"));

/// <summary>A container is not in the state that the request needs.</summary>
public sealed class ContainerStateException(string message) : KleeneException(message);
