namespace Kleene.Build.Runtime.Volumes;

/// <summary>A volume that is in use. Disposing of it gives the volume back; its files stay.</summary>
public sealed class VolumeLease : IDisposable
{
    private readonly FileStream held;

    internal VolumeLease(Volume volume, string path, FileStream held)
    {
        this.held = held;
        Volume = volume;
        Path = path;
    }

    public Volume Volume { get; }

    /// <summary>The absolute path of its tree on the host. Whoever works in it resolves paths inside that root.</summary>
    public string Path { get; }

    public void Dispose() => held.Dispose();
}
