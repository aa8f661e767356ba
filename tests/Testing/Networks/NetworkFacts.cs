using Xunit;

namespace Kleene.Build.Testing.Networks;

/// <summary>A test that makes network stacks, interfaces and rules.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NetworkFactAttribute : FactAttribute
{
    public NetworkFactAttribute() => Skip = NetworkNeeds.Missing;
}

/// <summary>As <see cref="NetworkFactAttribute"/>, for a table of cases.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NetworkTheoryAttribute : TheoryAttribute
{
    public NetworkTheoryAttribute() => Skip = NetworkNeeds.Missing;
}

/// <summary>Why networks cannot be tested on this machine.</summary>
public static class NetworkNeeds
{
    public static string? Missing { get; } =
        !OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess ? "needs root on Linux"
        : !File.Exists("/usr/sbin/nft") ? "needs nft (package nftables)"
        : !File.Exists("/usr/sbin/ip") && !File.Exists("/sbin/ip") ? "needs ip (package iproute2)"
        : null;
}
