using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Native;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>
/// A runtime makes the streams that it is started with the superuser's of a jail with users of its own; crun before 1.9 does not stop at devices, and
/// conmon starts it with the host's /dev/null, which the jail sees too.
/// </summary>
internal static class MappedStreams
{
    private const string Nowhere = "/dev/null";

    /// <summary>Takes it from the jail that was made before its first process starts. Whose range it is now has made it so: others see to theirs.</summary>
    public static void GiveBack(UserRange? users)
    {
        if (users is null)
        {
            return;
        }

        using var devices = RootedDirectory.Open("/dev");
        if (devices.Stat("null", followLink: false).Owner.User == users.First && NativeMethods.chown(Nowhere, 0, 0) != 0)
        {
            throw Errno.LastException($"chown '{Nowhere}'");
        }
    }
}
