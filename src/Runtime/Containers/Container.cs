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

    public required ContainerSpec Spec { get; init; }

    public required ContainerState State { get; init; }

    /// <summary>The command that started it last.</summary>
    public string Session { get; init; } = "";

    /// <summary>As a shell shows it; null while it has none, or when nobody was there to see the end.</summary>
    public int? ExitCode { get; init; }

    public required DateTimeOffset Created { get; init; }

    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Finished { get; init; }
}

public enum ContainerState
{
    Created,
    Running,
    Exited,
}

/// <summary>No container has that name or id.</summary>
public sealed class ContainerNotFoundException(string reference, string? nearest)
    : KleeneException($"there is no container '{reference}'" + (nearest is null ? "; 'kleene ps -a' shows what there is" : $"; did you mean '{nearest}'?"));

/// <summary>A container is not in the state that the request needs.</summary>
public sealed class ContainerStateException(string message) : KleeneException(message);
