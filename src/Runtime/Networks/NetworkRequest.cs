using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Networks;

/// <summary>What a container is to have of the network, as the user asked for it.</summary>
/// <remarks>It is stored: the accessors give what a stored one lacks.</remarks>
public sealed record NetworkRequest
{
    public static NetworkRequest Host { get; } = new() { Driver = NetworkDriver.Host };

    public static NetworkRequest Disabled { get; } = new() { Driver = NetworkDriver.Disabled };

    public static NetworkRequest Default { get; } = new() { Endpoints = [new EndpointRequest { Network = Network.DefaultName }] };

    public NetworkDriver Driver { get; init; } = NetworkDriver.Ipnet;

    public ImmutableArray<EndpointRequest> Endpoints { get; init => field = value.IsDefault ? [] : value; } = [];

    public ImmutableArray<PortPublication> Ports { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Who is asked for names, instead of those that the host asks.</summary>
    public ImmutableArray<string> Resolvers { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>Whether it has a network stack of its own that reaches others.</summary>
    public bool HasStack => Driver is NetworkDriver.Ipnet or NetworkDriver.Vnet;
}

/// <summary>Kleene's network drivers. On Linux the last two behave alike.</summary>
public enum NetworkDriver
{
    /// <summary>Addresses on the networks it is connected to.</summary>
    Ipnet,

    /// <summary>A network stack of its own; on networks of the type bridge only.</summary>
    Vnet,

    /// <summary>The host's network stack.</summary>
    Host,

    /// <summary>A loopback interface and nothing else.</summary>
    Disabled,
}

/// <summary>A network that a container is to be connected to.</summary>
public sealed record EndpointRequest
{
    public required string Network { get; init; }

    /// <summary>Its address; a free one when empty.</summary>
    public string Address { get; init => field = value ?? ""; } = "";

    public string Address6 { get; init => field = value ?? ""; } = "";

    public ImmutableArray<string> Aliases { get; init => field = value.IsDefault ? [] : value; } = [];
}
