namespace Kleene.Build.Runtime.Processes;

/// <summary>
/// FreeBSD's own programs, by their full paths: a Linux binary on a FreeBSD kernel finds what stands under the Linux root first, and there may be
/// programs of the same names.
/// </summary>
internal static class FreeBsdTools
{
    public const string Jail = "/usr/sbin/jail";
    public const string JailExec = "/usr/sbin/jexec";
    public const string JailList = "/usr/sbin/jls";
    public const string Mount = "/sbin/mount";
    public const string MountNullfs = "/sbin/mount_nullfs";
    public const string Unmount = "/sbin/umount";
    public const string ProcessList = "/bin/ps";
    public const string Kill = "/bin/kill";
    public const string ResourceLimits = "/usr/bin/rctl";
    public const string Ifconfig = "/sbin/ifconfig";
    public const string Pfctl = "/sbin/pfctl";
    public const string Route = "/sbin/route";
    public const string Netstat = "/usr/bin/netstat";
    public const string Sysctl = "/sbin/sysctl";
    public const string Sysrc = "/usr/sbin/sysrc";

    /// <summary>Programs that need no libraries (rescue(8)), lent to every jail: whatever its image lacks, it can have its user, directory and network set up.</summary>
    public const string Rescue = "/rescue";

    /// <summary>How long those of networks may take: they answer at once, or hang for good.</summary>
    public static readonly TimeSpan NetworkPatience = TimeSpan.FromSeconds(30);
}
