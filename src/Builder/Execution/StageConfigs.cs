using System.Collections.Immutable;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Builder.Execution;

/// <summary>Translates a configuration between the words of the plan and those of the images; the two projects do not know each other.</summary>
internal static class StageConfigs
{
    public static StageConfig From(ImageConfig config) => new()
    {
        Platform = config.Platform ?? "",
        Author = config.Author ?? "",
        Env = config.Env,
        Cmd = config.Cmd,
        Entrypoint = config.Entrypoint,
        User = config.User,
        WorkingDir = config.WorkingDir,
        ExposedPorts = [.. config.ExposedPorts.Keys],
        Volumes = [.. config.Volumes.Keys],
        Labels = config.Labels.ToImmutableSortedDictionary(StringComparer.Ordinal),
        StopSignal = config.StopSignal,
        Healthcheck = From(config.Healthcheck),
        Shell = config.Shell,
        OnBuild = config.OnBuild,
    };

    public static ImageConfig ToImage(StageConfig config, IEnumerable<KeyValuePair<string, string>> labels) => new()
    {
        Platform = config.Platform.Length > 0 ? config.Platform : null,
        Author = config.Author.Length > 0 ? config.Author : null,
        Env = WithPath(config.Env),
        Cmd = config.Cmd,
        Entrypoint = config.Entrypoint,
        User = config.User,
        WorkingDir = config.WorkingDir,
        ExposedPorts = Set(config.ExposedPorts),
        Volumes = Set(config.Volumes),
        Labels = new SortedDictionary<string, string>(config.Labels.SetItems(labels), StringComparer.Ordinal),
        StopSignal = config.StopSignal,
        Healthcheck = ToImage(config.Healthcheck),
        Shell = config.Shell,
        OnBuild = config.OnBuild,
    };

    /// <summary>An image always says where its programs are; so everybody who runs it looks in the same places.</summary>
    private static ImmutableArray<string> WithPath(ImmutableArray<string> environment) =>
        environment.Any(entry => entry.StartsWith("PATH=", StringComparison.Ordinal)) ? environment : environment.Insert(0, $"PATH={StageConfig.DefaultPath}");

    private static Healthcheck? From(ImageHealthcheck? check) => check is null
        ? null
        : new Healthcheck
        {
            Test = check.Test,
            Interval = check.Interval,
            Timeout = check.Timeout,
            StartPeriod = check.StartPeriod,
            StartInterval = check.StartInterval,
            Retries = check.Retries,
        };

    private static ImageHealthcheck? ToImage(Healthcheck? check) => check is null
        ? null
        : new ImageHealthcheck
        {
            Test = check.Test,
            Interval = check.Interval,
            Timeout = check.Timeout,
            StartPeriod = check.StartPeriod,
            StartInterval = check.StartInterval,
            Retries = check.Retries,
        };

    private static SortedDictionary<string, EmptyObject> Set(IEnumerable<string> names) =>
        new(names.ToDictionary(name => name, _ => new EmptyObject(), StringComparer.Ordinal), StringComparer.Ordinal);
}
