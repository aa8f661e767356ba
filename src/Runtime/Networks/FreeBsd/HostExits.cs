namespace Kleene.Build.Runtime.Networks.FreeBsd;

/// <summary>The interfaces through which the host reaches all that is not near: empty where there is no way out.</summary>
/// <param name="Inet">Of IPv4.</param>
/// <param name="Inet6">Of IPv6.</param>
internal readonly record struct HostExits(string Inet, string Inet6);
