using System.Reflection;

namespace Kleene.Build.Cli.Tests;

/// <summary>The arrows between the rooms: Cli to Builder to Parser, both to Runtime; Parser and Runtime know nobody.</summary>
public sealed class ArchitectureTests
{
    [Theory]
    [InlineData("Kleene.Build.Parser", "")]
    [InlineData("Kleene.Build.Runtime", "")]
    [InlineData("Kleene.Build.Builder", "Kleene.Build.Parser Kleene.Build.Runtime")]
    [InlineData("kleene", "Kleene.Build.Builder Kleene.Build.Parser Kleene.Build.Runtime")]
    public void A_room_knows_only_whom_it_may(string assembly, string mayKnow)
    {
        var known = Assembly.Load(assembly).GetReferencedAssemblies().Select(name => name.Name!)
            .Where(name => name.StartsWith("Kleene.", StringComparison.Ordinal) || name == "kleene");

        Assert.Equal(mayKnow, string.Join(' ', known.Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("Kleene.Build.Parser", "System.IO.FileSystem", "System.Diagnostics.Process", "System.Net.Http", "System.Net.Sockets", "SQLitePCLRaw.core")]
    [InlineData("Kleene.Build.Builder", "System.Diagnostics.Process", "System.Net.Http", "System.Net.Sockets", "SQLitePCLRaw.core")]
    public void Only_the_runtime_touches_the_machine(string assembly, params string[] mustNotKnow)
    {
        var known = Assembly.Load(assembly).GetReferencedAssemblies().Select(name => name.Name).ToHashSet();

        Assert.DoesNotContain(mustNotKnow, known.Contains);
    }

    /// <summary>Which kernel it is decides which drivers are put together, and nothing else. What C libraries differ in is in two files.</summary>
    [Fact]
    public void Only_where_drivers_are_chosen_the_platform_is_asked_for()
    {
        Assert.Equal(["src/Runtime/Files/Abi.cs", "src/Runtime/Native/Errno.cs"], FilesWith("OperatingSystem.Is"));
        Assert.Equal(["src/Cli/Composition.cs", "src/Cli/Machine.cs"], FilesWith("HostPlatform.IsFreeBsd").Where(file => file.StartsWith("src/Cli", StringComparison.Ordinal)));
    }

    /// <summary>But for what a person reads: help says that an option is FreeBSD's, and signals have names on both.</summary>
    [Fact]
    public void Nothing_above_the_runtime_knows_freebsd() => Assert.Equal(
        [
            "src/Cli/Commands/Containers/GrantOptions.cs", "src/Cli/Commands/StepOptions.cs", "src/Cli/Composition.cs", "src/Cli/Drivers.cs", "src/Cli/Machine.cs",
            "src/Parser/Planning/SignalName.cs",
        ],
        FilesWith("FreeBsd", "FreeBSD", "freebsd").Where(file => !file.StartsWith("src/Runtime", StringComparison.Ordinal)));

    private static IEnumerable<string> FilesWith(params string[] words) =>
        Directory.EnumerateFiles(Path.Join(KleeneSpace.Repository, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .Where(file => File.ReadAllText(file) is var text && words.Any(word => text.Contains(word, StringComparison.Ordinal)))
            .Select(file => Path.GetRelativePath(KleeneSpace.Repository, file))
            .Order(StringComparer.Ordinal);
}
