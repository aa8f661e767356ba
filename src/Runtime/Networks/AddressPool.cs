using System.Net;
using System.Net.Sockets;

namespace Kleene.Build.Runtime.Networks;

/// <summary>The addresses of a subnet. A pure function of it and of what is taken.</summary>
/// <param name="subnet">Of either family.</param>
/// <param name="gateway">Nobody else's, when there is one.</param>
internal sealed class AddressPool(IPNetwork subnet, IPAddress? gateway)
{
    private UInt128 First => ToNumber(subnet.BaseAddress);

    private UInt128 Last => First + Size - 1;

    private int Bits => subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;

    private UInt128 Size => UInt128.One << (Bits - subnet.PrefixLength);

    /// <summary>The first address that a host may have: not that of the network, except where there are two or one in all (RFC 3021).</summary>
    public static IPAddress FirstHost(IPNetwork subnet)
    {
        var pool = new AddressPool(subnet, null);
        return pool.ToAddress(pool.First + (pool.Size > 2 ? 1u : 0u));
    }

    /// <summary>The lowest free address.</summary>
    /// <exception cref="NetworkException">All are taken.</exception>
    public IPAddress Next(IReadOnlySet<IPAddress> taken)
    {
        var last = Last;
        for (var number = First; ; number++)
        {
            var address = ToAddress(number);
            if (WhyNot(address) is null && !taken.Contains(address))
            {
                return address;
            }

            if (number == last)
            {
                throw new NetworkException($"no more {(Bits == 32 ? "inet" : "inet6")} IP's left in the network {subnet}");
            }
        }
    }

    /// <summary>An address that was asked for.</summary>
    /// <exception cref="NetworkException">Nobody can have it here.</exception>
    public IPAddress Checked(string text, IReadOnlySet<IPAddress> taken)
    {
        if (!IPAddress.TryParse(text, out var address) || address.AddressFamily != subnet.BaseAddress.AddressFamily || !NetworkSpec.IsCanonical(address, text))
        {
            throw new NetworkException($"'{text}' is not an {(Bits == 32 ? "IPv4" : "IPv6")} address");
        }

        return WhyNot(address) is { } reason ? throw new NetworkException($"address {address} cannot be had: {reason}")
            : taken.Contains(address) ? throw new NetworkException($"address {address} is taken by another container on the network")
            : address;
    }

    /// <summary>The same place in another subnet of that size.</summary>
    public IPAddress Moved(IPAddress address, IPNetwork to) => ToAddress(ToNumber(to.BaseAddress) + (ToNumber(address) - First));

    private string? WhyNot(IPAddress address)
    {
        var number = ToNumber(address);
        return number < First || number > Last ? $"it is not in the subnet {subnet}"
            : Size > 2 && number == First ? $"it is the address of the subnet {subnet} itself"
            : Bits == 32 && Size > 2 && number == Last ? $"it is the broadcast address of the subnet {subnet}"
            : address.Equals(gateway) ? "it is the gateway's"
            : null;
    }

    private static UInt128 ToNumber(IPAddress address) =>
        address.GetAddressBytes().Aggregate(UInt128.Zero, (number, value) => (number << 8) | value);

    private IPAddress ToAddress(UInt128 number)
    {
        var bytes = new byte[Bits / 8];
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            bytes[i] = (byte)number;
            number >>= 8;
        }

        return new IPAddress(bytes);
    }
}
