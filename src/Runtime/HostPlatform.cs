using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Kleene.Build.Runtime.Native;

namespace Kleene.Build.Runtime;

/// <summary>What we run on, by what the kernel says: a Linux binary on a FreeBSD kernel (its Linux ABI) has FreeBSD's jails, not Linux's.</summary>
public static class HostPlatform
{
    /// <summary>For who knows better than the kernel's description does: <c>freebsd</c> or <c>linux</c>.</summary>
    private const string Variable = "KLEENE_PLATFORM";

    /// <summary>Whether the kernel is FreeBSD's. Which C library we are linked against is <see cref="Files.Abi"/>'s to say.</summary>
    [SupportedOSPlatformGuard("freebsd")]
    public static bool IsFreeBsd { get; } = SaysFreeBsd(Environment.GetEnvironmentVariable(Variable), KernelName.Read());

    /// <summary><c>os/architecture[/variant]</c> in the words of the OCI image specification (config.md, which takes them from Go).</summary>
    public static string Name => $"{(IsFreeBsd ? "freebsd" : "linux")}/{Machine}";

    private static string Machine => RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.X86 => "386",
        Architecture.Arm => "arm/v7",
        Architecture.Armv6 => "arm/v6",
        Architecture.LoongArch64 => "loong64",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <param name="wish">What the user says it is; null or empty: nothing.</param>
    /// <param name="description">What uname(3) says. Under the Linux ABI it is <c>Linux 4.4.0 FreeBSD 13.2-RELEASE …</c>.</param>
    /// <exception cref="KleeneException">The wish is for another platform.</exception>
    internal static bool SaysFreeBsd(string? wish, string description) => wish switch
    {
        "freebsd" => true,
        "linux" => false,
        null or "" => description.Contains("FreeBSD", StringComparison.Ordinal),
        _ => throw new KleeneException($"{Variable} is '{wish}'; there are 'freebsd' and 'linux', and without it the kernel is asked"),
    };
}
