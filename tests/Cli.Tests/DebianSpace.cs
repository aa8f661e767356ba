using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

/// <summary>One store for all tests whose images begin with a Debian: it takes a while to make.</summary>
public sealed class DebianSpace : IAsyncLifetime
{
    public KleeneSpace Space { get; } = new();

    public async Task InitializeAsync()
    {
        if (new JailFactAttribute().Skip is null)
        {
            await Space.SucceedAsync("image", "create", "-t", "debian:12", "fetch-auto");
        }
    }

    public Task DisposeAsync()
    {
        Space.Dispose();
        return Task.CompletedTask;
    }
}

[CollectionDefinition(Name)]
public sealed class DebianTests : ICollectionFixture<DebianSpace>
{
    public const string Name = "debian";
}
