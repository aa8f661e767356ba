using System.Collections.Immutable;
using System.Text.Json;

namespace Kleene.Build.Runtime.Images;

/// <summary>How containers of an image run, under the names of the OCI image configuration (image-spec, config.md).</summary>
public sealed record ImageConfig
{
    /// <summary><c>os/architecture[/variant]</c> of the files; null means that of the machine they were made on.</summary>
    public string? Platform { get; init; }

    public string? Author { get; init; }

    public ImmutableArray<string> Env { get; init; } = [];

    public ImmutableArray<string> Cmd { get; init; } = [];

    public ImmutableArray<string> Entrypoint { get; init; } = [];

    public string User { get; init; } = "";

    public string WorkingDir { get; init; } = "";

    public SortedDictionary<string, EmptyObject> ExposedPorts { get; init; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, EmptyObject> Volumes { get; init; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Labels { get; init; } = new(StringComparer.Ordinal);

    public string StopSignal { get; init; } = "";

    /// <summary>Left out where there is none, as everywhere: configurations are compared as text.</summary>
    public ImageHealthcheck? Healthcheck { get; init; }

    public ImmutableArray<string> Shell { get; init; } = [];

    public ImmutableArray<string> OnBuild { get; init; } = [];

    /// <exception cref="JsonException">The text is not a configuration.</exception>
    public static ImageConfig Parse(string json) => ImageConfigJson.Read(json);

    public string ToJson() => ImageConfigJson.Write(this);
}

/// <summary>The <c>{}</c> that the image configuration gives each port and volume.</summary>
public sealed record EmptyObject;
