using System.Globalization;

namespace Kleene.Build.Runtime.Networks.Linux;

/// <summary>
/// The number by which rules know all interfaces of a network, however many there are (ip-link(8), <c>group</c>). It is made of the network's
/// id, which is random: stores that share a host have different ones.
/// </summary>
internal static class InterfaceGroup
{
    /// <param name="id">Of the network: hexadecimal digits.</param>
    public static uint Of(string id) => uint.Parse(id.AsSpan(0, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture) | 1;
}
