using System.Text.Json;
using Kleene.Build.Testing.Jails;

namespace Kleene.Build.Cli.Tests;

public sealed class ImageConfigTests : IDisposable
{
    private readonly KleeneSpace space = new();

    public void Dispose() => space.Dispose();

    [JailFact]
    public async Task A_health_check_is_kept_in_the_image_and_inherited()
    {
        await space.BuildAsync(space.Context("FROM scratch\nHEALTHCHECK --interval=1m --retries=2 CMD wget \"$URL\"\n"), "base");
        await space.BuildAsync(space.Context("FROM base\nCMD [\"x\"]\n"), "child");
        await space.BuildAsync(space.Context("FROM child\nHEALTHCHECK NONE\n"), "grandchild");

        Assert.Equal("CMD-SHELL wget \"$URL\" 60000000000 2", await HealthcheckAsync("child"));
        Assert.Equal("NONE 0 0", await HealthcheckAsync("grandchild"));
    }

    private async Task<string> HealthcheckAsync(string image)
    {
        using var inspected = JsonDocument.Parse(await space.SucceedAsync("image", "inspect", image));
        var check = Find(inspected.RootElement, "Healthcheck");
        var test = check.GetProperty("Test").EnumerateArray().Select(word => word.GetString());
        return $"{string.Join(' ', test)} {Number(check, "Interval")} {Number(check, "Retries")}";
    }

    private static long Number(JsonElement check, string name) => check.TryGetProperty(name, out var value) ? value.GetInt64() : 0;

    /// <summary>The first member of that name, at whatever depth.</summary>
    private static JsonElement Find(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.Object when element.TryGetProperty(name, out var found) => found,
        JsonValueKind.Object => element.EnumerateObject().Select(member => Find(member.Value, name)).FirstOrDefault(found => found.ValueKind == JsonValueKind.Object),
        JsonValueKind.Array => element.EnumerateArray().Select(item => Find(item, name)).FirstOrDefault(found => found.ValueKind == JsonValueKind.Object),
        _ => default,
    };
}
