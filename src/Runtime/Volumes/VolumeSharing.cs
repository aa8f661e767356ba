namespace Kleene.Build.Runtime.Volumes;

/// <summary>How a volume is to be used while others may want it too.</summary>
public enum VolumeSharing
{
    /// <summary>With all others that share it.</summary>
    Shared,

    /// <summary>Alone; others wait, and so do we.</summary>
    Alone,
}
