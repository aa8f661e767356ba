using System.Runtime.InteropServices;

namespace Kleene.Build.Runtime;

/// <summary>What we run on, in the words of the OCI image specification (config.md, which takes them from Go).</summary>
public static class HostPlatform
{
    /// <summary><c>os/architecture[/variant]</c></summary>
    public static string Name { get; } = $"{(OperatingSystem.IsFreeBSD() ? "freebsd" : "linux")}/{Machine}";

    private static string Machine => RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.X86 => "386",
        Architecture.Arm => "arm/v7",
        Architecture.Armv6 => "arm/v6",
        Architecture.LoongArch64 => "loong64",
        var other => other.ToString().ToLowerInvariant(),
    };
}
