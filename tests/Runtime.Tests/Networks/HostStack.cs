using System.Diagnostics;
using Kleene.Build.Runtime.Networks.Linux;

namespace Kleene.Build.Runtime.Tests.Networks;

/// <summary>A network stack of a test's own that plays the host, or a machine outside. The machine's own stack is left alone.</summary>
internal sealed class HostStack : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("kleene-net-").FullName;

    private HostStack()
    {
        Path = System.IO.Path.Join(directory, "stack");
        NetworkNamespace.Create(Path, () => true);
        Run("ip link set lo up");
    }

    public string Path { get; }

    public static Task<HostStack> OpenAsync() => Task.FromResult(new HostStack());

    /// <summary>Runs lines of shell in it, and returns what they printed.</summary>
    public string Run(string script)
    {
        var start = new ProcessStartInfo("nsenter", [$"--net={Path}", "sh", "-ec", script]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("nsenter did not start");
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{script}: {error.Result}");
    }

    public ValueTask DisposeAsync()
    {
        NetworkNamespace.Remove(Path);
        Directory.Delete(directory, recursive: true);
        return ValueTask.CompletedTask;
    }
}
