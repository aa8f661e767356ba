namespace Kleene.Build.Runtime.Processes;

/// <summary>Finds tools in the system's directories only: a directory in the caller's PATH must not shadow a tool that is run as root.</summary>
internal static class ProgramPath
{
    public static IReadOnlyList<string> Directories { get; } =
        ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>The absolute path of a program, or null.</summary>
    public static string? Find(string program)
    {
        if (program.Contains('/', StringComparison.Ordinal))
        {
            return File.Exists(program) ? Path.GetFullPath(program) : null;
        }

        return Directories.Select(directory => Path.Join(directory, program)).FirstOrDefault(File.Exists);
    }
}
