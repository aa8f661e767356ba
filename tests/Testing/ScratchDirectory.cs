using System.Diagnostics;

namespace Kleene.Build.Testing;

/// <summary>An empty directory of a test's own, gone with all its contents when the test ends.</summary>
public sealed class ScratchDirectory : IDisposable
{
    public ScratchDirectory()
    {
        Path = Directory.CreateTempSubdirectory("kleene test ").FullName;
    }

    /// <summary>Absolute; holds a space on purpose.</summary>
    public string Path { get; }

    /// <summary>The absolute path of something in it.</summary>
    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    /// <summary>Writes a file, with the directories above it.</summary>
    public string Write(string relative, string content)
    {
        var path = this[relative];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!); // Below a directory, so it has a parent.
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Makes a directory, with those above it.</summary>
    public string MakeDirectory(string relative) => Directory.CreateDirectory(this[relative]).FullName;

    /// <summary>Runs a line of shell in it, for what the framework has no call for, and returns what it printed.</summary>
    public string Shell(string script)
    {
        var start = new ProcessStartInfo("/bin/sh") { WorkingDirectory = Path, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-ec");
        start.ArgumentList.Add(script);
        using var process = Process.Start(start) ?? throw new InvalidOperationException("sh did not start");
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{script}: {error.Result}");
    }

    public void Dispose() => Shell("""chmod -R u+rwX . 2>/dev/null || true; rm -rf -- "$PWD" """);
}
