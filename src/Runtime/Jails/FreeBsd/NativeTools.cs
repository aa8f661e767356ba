namespace Kleene.Build.Runtime.Jails.FreeBsd;

/// <summary>
/// The system's own programs, by their full paths: a Linux binary on a FreeBSD kernel finds what stands under the Linux root first, and there may be
/// programs of the same names.
/// </summary>
internal static class NativeTools
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
    public const string Sysctl = "/sbin/sysctl";

    /// <summary>Programs that need no libraries (rescue(8)), lent to every jail: whatever its image lacks, it can have its user, directory and network set up.</summary>
    public const string Rescue = "/rescue";
}
