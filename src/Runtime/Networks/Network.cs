using System.Net;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks;

/// <summary>Addresses that containers share, and what the world and they may do with each other.</summary>
public sealed record Network
{
    /// <summary>The network that containers and build steps get when nobody names one.</summary>
    public const string DefaultName = "default";

    public required SnapshotId Id { get; init; }

    public required string Name { get; init; }

    public required NetworkType Type { get; init; }

    /// <summary>What the host calls its interface, while there is one.</summary>
    public required string Interface { get; init; }

    public IPNetwork? Subnet { get; init; }

    public IPNetwork? Subnet6 { get; init; }

    /// <summary>The host's own address in it, or another router's in a custom one; null: there is no way out.</summary>
    public IPAddress? Gateway { get; init; }

    public IPAddress? Gateway6 { get; init; }

    public bool HasNat { get; init; } = true;

    public string NatInterface { get; init; } = "";

    public bool AllowsNeighbours { get; init; } = true;

    public bool IsInternal { get; init; }

    /// <summary>Whether its subnets were chosen by us, and may be chosen anew when others take them.</summary>
    public bool IsAutomatic { get; init; }

    public required DateTimeOffset Created { get; init; }
}

/// <summary>No network has that name or id.</summary>
public sealed class NetworkNotFoundException(string reference, string? nearest)
    : KleeneException($"network not found: '{reference}'" + (nearest is null ? "; 'kleene network ls' shows what there is" : $"; did you mean '{nearest}'?"));

/// <summary>A network, or an address in it, is not to be had as it was asked for.</summary>
public sealed class NetworkException(string message) : KleeneException(message);
