using System.Diagnostics;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Archives;

/// <summary>Runs the programs that archives are compared with.</summary>
internal static class HostTool
{
    public static byte[] Run(string program, params string[] arguments) => Run(program, [], arguments);

    public static byte[] Run(string program, byte[] input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C.UTF-8";
        using var process = Process.Start(start)!;
        using var output = new MemoryStream();
        var error = process.StandardError.ReadToEndAsync();
        var reading = process.StandardOutput.BaseStream.CopyToAsync(output);
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        Task.WaitAll(reading, error);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}: {error.Result}");
        return output.ToArray();
    }
}
