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
}
