namespace Kleene.Build.Cli;

/// <summary>The name that the caller used for us, which may be a link's.</summary>
internal static class InvokedName
{
    public static string Read()
    {
        var name = Environment.GetCommandLineArgs()[0];

        // Under the portable runtime this is our assembly's path; what the caller typed is known to the kernel (proc(5)).
        return name.EndsWith(".dll", StringComparison.Ordinal) && File.Exists("/proc/self/cmdline")
            ? File.ReadAllText("/proc/self/cmdline").Split('\0')[0]
            : name;
    }
}
