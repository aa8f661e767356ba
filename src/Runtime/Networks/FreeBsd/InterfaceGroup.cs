using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Runtime.Networks.FreeBsd;

/// <summary>
/// Names by which interfaces are found again whatever they are called, and by which rules know all of a network however many there are (ifconfig(8),
/// <c>group</c>). Made of ids, of 15 characters at most (IFNAMSIZ), and ending in a letter: a group of interfaces must not end in a digit.
/// </summary>
internal static class InterfaceGroup
{
    /// <summary>All interfaces of the host that a network has.</summary>
    /// <param name="network">Its id.</param>
    public static string OfNetwork(string network) => $"kn{network}x";

    /// <summary>The interface of one container on one network.</summary>
    public static string OfEndpoint(SnapshotId endpoint) => $"kv{endpoint}x";
}
