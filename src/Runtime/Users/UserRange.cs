namespace Kleene.Build.Runtime.Users;

/// <summary>Ids of the host, of users and of groups alike, that stand for a container's own: the first for its superuser, and so on (user_namespaces(7)).</summary>
/// <param name="First">On the host. Zero as long as none were chosen.</param>
/// <param name="Count">How many ids the container has.</param>
public sealed record UserRange(uint First, uint Count)
{
    /// <summary>As many as a container needs: the ids of nobody (65534) and of all who come before.</summary>
    public const uint UsualCount = 65536;

    /// <summary>Some range that nobody else has: it is chosen when the container is made.</summary>
    public static UserRange Any { get; } = new(0, UsualCount);

    public bool IsChosen => First > 0;

    /// <summary>The container's id of one of the host; one that is no id of the container stays what it is.</summary>
    public uint ToContainer(uint id) => id - First < Count ? id - First : id;
}
