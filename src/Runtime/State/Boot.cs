namespace Kleene.Build.Runtime.State;

/// <summary>Tells one run of the machine's kernel from the next.</summary>
public static class Boot
{
    private const string IdFile = "/proc/sys/kernel/random/boot_id";

    /// <summary>Another text after every start of the machine (random(4)); null where the kernel has none.</summary>
    public static string? Id { get; } = File.Exists(IdFile) ? File.ReadAllText(IdFile).Trim() : null;
}
