using Kleene.Build.Runtime.Jails;

namespace Kleene.Build.Runtime.Networks;

/// <summary>What a build step has of the network. Disposing of it lets the next one have it.</summary>
public sealed class NetworkLease : IDisposable
{
    private readonly Action? giveBack;

    internal NetworkLease(RaisedNetwork network, Action? giveBack)
    {
        this.giveBack = giveBack;
        Network = network;
    }

    public RaisedNetwork Network { get; }

    /// <summary>What needs nothing to be made.</summary>
    public static NetworkLease Of(JailNetwork network) => new(new RaisedNetwork(network, null), null);

    public void Dispose() => giveBack?.Invoke();
}
