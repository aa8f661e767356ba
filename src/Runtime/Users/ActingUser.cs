using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime.Users;

/// <summary>
/// As long as it lives, what the calling thread makes in a file system belongs to the superuser of a range, and it may do there all that it might
/// before. A mount that shows the owners of a range refuses to make anything for an id outside (EOVERFLOW). Linux only.
/// </summary>
internal readonly ref struct ActingUser
{
    private readonly bool acts;

    private ActingUser(bool acts) => this.acts = acts;

    /// <param name="range">Null: everything stays as it is.</param>
    public static ActingUser Of(UserRange? range)
    {
        if (range is null)
        {
            return default;
        }

        // Both calls say who was in charge before, and nothing of success. They concern this thread alone.
        _ = NativeMethods.setfsgid(range.First);
        _ = NativeMethods.setfsuid(range.First);
        var acting = new ActingUser(acts: true);
        try
        {
            RaiseCapabilities();
            return acting;
        }
        catch
        {
            acting.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (acts)
        {
            _ = NativeMethods.setfsuid(0);
            _ = NativeMethods.setfsgid(0);
        }
    }

    /// <summary>The kernel takes those away that are about files when somebody else than the superuser acts (capabilities(7)).</summary>
    private static unsafe void RaiseCapabilities()
    {
        var header = new NativeMethods.CapabilityHeader { Version = NativeMethods.CapabilityVersion };
        var sets = stackalloc NativeMethods.CapabilitySets[2];
        if (NativeMethods.capget(ref header, sets) != 0)
        {
            throw Errno.LastException("capget");
        }

        sets[0].Effective = sets[0].Permitted;
        sets[1].Effective = sets[1].Permitted;
        if (NativeMethods.capset(ref header, sets) != 0)
        {
            throw Errno.LastException("capset");
        }
    }
}
