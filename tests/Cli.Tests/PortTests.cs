using System.Text.Json;
using System.Text.RegularExpressions;

namespace Kleene.Build.Cli.Tests;

/// <summary>FreeBSD's port says again what stands elsewhere. It has to say the same.</summary>
public sealed class PortTests
{
    private static string Repository([System.Runtime.CompilerServices.CallerFilePath] string file = "") => Path.GetFullPath(Path.Join(Path.GetDirectoryName(file), "..", ".."));

    private static string Port(string name) => File.ReadAllText(Path.Join(Repository(), "ports/sysutils/kleene-build", name));

    [Fact]
    public void Its_service_is_the_one_that_scripts_have() =>
        Assert.Equal(File.ReadAllText(Path.Join(Repository(), "scripts/service/kleene.rc")), Port("files/kleene.in").Replace("%%PREFIX%%", "/usr/local", StringComparison.Ordinal));

    [Fact]
    public void Its_version_is_ours() => Assert.Equal(CommandLineApplication.Version, Regex.Match(Port("Makefile"), @"DISTVERSION=\s+(\S+)").Groups[1].Value);

    [Fact]
    public void It_installs_every_library_that_the_program_has()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Join(AppContext.BaseDirectory, "kleene.deps.json")));
        var libraries = json.RootElement.GetProperty("targets").EnumerateObject().Single().Value.EnumerateObject()
            .Where(library => library.Value.TryGetProperty("runtime", out _))
            .SelectMany(library => library.Value.GetProperty("runtime").EnumerateObject().Select(file => Path.GetFileName(file.Name)));
        var listed = Port("pkg-plist").Split('\n').Where(line => line.EndsWith(".dll", StringComparison.Ordinal)).Select(line => Path.GetFileName(line)!);

        Assert.Equal(libraries.Distinct().Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }
}
