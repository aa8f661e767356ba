using Kleene.Build.Runtime.State;

namespace Kleene.Build.Runtime.Volumes;

/// <summary>A volume that is in use. Disposing of it gives the volume back; its files stay.</summary>
public sealed class VolumeLease : IDisposable
{
    internal VolumeLease(Volume volume, string path, FileLock held)
    {
        Volume = volume;
        Path = path;
        Held = held;
    }

    public Volume Volume { get; }

    /// <summary>The absolute path of its tree on the host. Whoever works in it resolves paths inside that root.</summary>
    public string Path { get; }

    /// <summary>What says to others that it is in use; for a program that is to have it after us.</summary>
    public FileLock Held { get; }

    public void Dispose() => Held.Dispose();
}
