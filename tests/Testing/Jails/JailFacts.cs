using Xunit;

namespace Kleene.Build.Testing.Jails;

/// <summary>A test that starts jails.</summary>
public sealed class JailFactAttribute : FactAttribute
{
    public JailFactAttribute() => Skip = JailNeeds.Missing("crun", "runc");
}

/// <summary>A test that starts jails by each of the runtimes, whose names are its first argument.</summary>
public sealed class JailTheoryAttribute : TheoryAttribute
{
    public JailTheoryAttribute() => Skip = JailNeeds.Missing("crun", "runc");
}

/// <summary>Why jails cannot be tested on this machine.</summary>
internal static class JailNeeds
{
    private static readonly string[] Directories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    public static string? Missing(params ReadOnlySpan<string> runtimes)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return "needs root on Linux";
        }

        foreach (var program in (ReadOnlySpan<string>)["busybox", .. runtimes])
        {
            if (!Directories.Any(directory => File.Exists(Path.Join(directory, program))))
            {
                return $"needs {program} (package {(program == "busybox" ? "busybox-static" : program)})";
            }
        }

        return null;
    }
}
