using System.Collections.Immutable;
using System.Net;

namespace Kleene.Build.Runtime.Networks;

/// <summary>
/// Who may reach whom, for all networks that are up. Says nothing of how: each system's firewall has a renderer that turns it into
/// rules of its own. The contract is that of Kleene's pf rules:
/// nothing leads into a network but replies and published ports; its containers reach each other if they are neighbours, and the world unless it is internal.
/// </summary>
public sealed record FirewallIntent(ImmutableArray<NetworkIntent> Networks, ImmutableArray<PortIntent> Ports)
{
    public static FirewallIntent Nothing { get; } = new([], []);

    /// <summary>Whether there is nothing to say, and no rule of ours should be there.</summary>
    public bool IsNothing => Networks.IsEmpty && Ports.IsEmpty;
}

/// <summary>What holds for a network.</summary>
public sealed record NetworkIntent
{
    public required string Id { get; init; }

    /// <summary>What its containers are behind, in the host's words.</summary>
    public required string Interface { get; init; }

    /// <summary>Whether others made that interface, and other things may be behind it.</summary>
    public bool IsForeign { get; init; }

    public IPNetwork? Subnet { get; init; }

    public IPNetwork? Subnet6 { get; init; }

    /// <summary>The host's own address in it, unless it is another's.</summary>
    public IPAddress? Gateway { get; init; }

    public IPAddress? Gateway6 { get; init; }

    /// <summary>Those of its containers that are up.</summary>
    public ImmutableArray<IPAddress> Addresses { get; init; } = [];

    /// <summary>Whether what leaves the host bears the host's address.</summary>
    public bool HasNat { get; init; }

    /// <summary>The only interface on which it does; all when empty.</summary>
    public string NatInterface { get; init; } = "";

    public bool AllowsNeighbours { get; init; }

    public bool IsInternal { get; init; }
}

/// <summary>Published ports, and where they lead.</summary>
/// <param name="Port">Of the host and of the container.</param>
/// <param name="Address">The container's; null when it has none of that family.</param>
/// <param name="Address6">The same of IPv6.</param>
public sealed record PortIntent(PortPublication Port, IPAddress? Address, IPAddress? Address6);
