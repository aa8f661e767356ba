using System.Globalization;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Containers;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>The <c>--filter</c>s of a list of containers. Of one key any may fit, of several keys all have to, as with Docker.</summary>
internal sealed class ContainerFilter
{
    private static readonly string[] Keys = ["name", "id", "status", "health", "ancestor", "exited", "label"];

    private readonly ILookup<string, string> wanted;

    private ContainerFilter(ILookup<string, string> wanted) => this.wanted = wanted;

    /// <summary>Whether those that have ended may be meant.</summary>
    public bool AsksForState => wanted.Contains("status") || wanted.Contains("exited");

    public static ContainerFilter Parse(IEnumerable<string> filters) => new(filters.Select(Read).ToLookup(filter => filter.Key, filter => filter.Value, StringComparer.Ordinal));

    public bool Fits(Container container, string image) => wanted.All(key => key.Any(value => Fits(container, image, key.Key, value)));

    private static (string Key, string Value) Read(string filter)
    {
        var (key, value) = OptionValues.Pair(filter, "--filter");
        return value is null || !Keys.Contains(key)
            ? throw new UsageException($"--filter '{filter}' is none; write KEY=value, the key one of {string.Join(", ", Keys)}{Suggestion.Hint(key, Keys)}")
            : (key, value);
    }

    private static bool Fits(Container container, string image, string key, string value) => key switch
    {
        "name" => container.Name.Contains(value, StringComparison.Ordinal),
        "id" => container.Id.ToString().StartsWith(value, StringComparison.Ordinal),
        "status" => ContainerText.State(container) == value,
        "health" => (container.Health?.Status.ToString().ToLowerInvariant() ?? "none") == value,
        "ancestor" => value == container.ImageId || value == image || $"{value}:latest" == image,
        "exited" => container.State == ContainerState.Exited && container.ExitCode?.ToString(CultureInfo.InvariantCulture) == value,
        _ => OptionValues.Pair(value, "--filter label") is var (name, text) && container.Spec.Labels.TryGetValue(name, out var found) && (text is null || text == found),
    };
}
