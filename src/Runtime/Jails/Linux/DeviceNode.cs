using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>A device of the host, found by the path of its node.</summary>
/// <param name="Status">What stat(2) says of the node.</param>
internal sealed record DeviceNode(FileStatus Status)
{
    public bool IsBlock => Status.Kind == FileKind.BlockDevice;

    /// <summary>As control groups and mknod(1) call it.</summary>
    public string Type => IsBlock ? "b" : "c";

    /// <summary>makedev(3), as the C library divides the number.</summary>
    public long Major => (long)((Status.RawDevice >> 32 & 0xfffff000) | (Status.RawDevice >> 8 & 0xfff));

    public long Minor => (long)((Status.RawDevice >> 12 & 0xffffff00) | (Status.RawDevice & 0xff));

    /// <param name="path">Absolute; links are followed, as those of /dev/disk are.</param>
    /// <exception cref="JailStartException">There is no device.</exception>
    public static DeviceNode Find(string path)
    {
        using var host = RootedDirectory.Open("/");
        return host.TryStat(path, followLink: true) switch
        {
            { Kind: FileKind.BlockDevice or FileKind.CharacterDevice } status => new DeviceNode(status),
            null => throw new JailStartException(JailStartFailure.Jail, $"there is no '{path}' on this machine"),
            _ => throw new JailStartException(JailStartFailure.Jail, $"'{path}' is not a device"),
        };
    }
}
