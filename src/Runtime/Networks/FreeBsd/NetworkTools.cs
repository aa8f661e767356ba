namespace Kleene.Build.Runtime.Networks.FreeBsd;

/// <summary>
/// The system's own programs, by their full paths: a Linux binary on a FreeBSD kernel finds what stands under the Linux root first, and there may be
/// programs of the same names.
/// </summary>
internal static class NetworkTools
{
    public const string Ifconfig = "/sbin/ifconfig";
    public const string Pfctl = "/sbin/pfctl";
    public const string Route = "/sbin/route";
    public const string Sysctl = "/sbin/sysctl";
    public const string Sysrc = "/usr/sbin/sysrc";
    public const string Netstat = "/usr/bin/netstat";
    public const string Jail = "/usr/sbin/jail";
    public const string JailExec = "/usr/sbin/jexec";

    /// <summary>All of them answer at once, or hang for good.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
}
