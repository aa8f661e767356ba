using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// A runtime makes the streams that it is started with the first process's user's; crun 1.8 does not stop at devices, and conmon starts it with the
/// host's /dev/null, which a jail with users of its own sees too. Whose it is may change its mode for all.
/// </summary>
internal static class HostDevices
{
    private const string Nowhere = "/dev/null";

    /// <summary>Makes it the superuser's again; to be done before the first process of a jail that was made starts.</summary>
    public static void GiveBack()
    {
        using var devices = RootedDirectory.Open("/dev");
        if (devices.Stat("null", followLink: false).Owner != FileOwner.Root && NativeMethods.chown(Nowhere, 0, 0) != 0)
        {
            throw Errno.LastException($"chown '{Nowhere}'");
        }
    }
}
