using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kleene.Build.Runtime.Images;

/// <summary>How containers of an image run, under the names of the OCI image configuration (image-spec, config.md).</summary>
/// <remarks>
/// The generated reader sets every property, those that the text lacks to their type's default: hence the accessors that turn it
/// into ours.
/// </remarks>
public sealed record ImageConfig
{
    /// <summary><c>os/architecture[/variant]</c> of the files; null means that of the machine they were made on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Platform { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Author { get; init; }

    public ImmutableArray<string> Env { get; init => field = value.IsDefault ? [] : value; } = [];

    public ImmutableArray<string> Cmd { get; init => field = value.IsDefault ? [] : value; } = [];

    public ImmutableArray<string> Entrypoint { get; init => field = value.IsDefault ? [] : value; } = [];

    public string User { get; init => field = value ?? ""; } = "";

    public string WorkingDir { get; init => field = value ?? ""; } = "";

    public SortedDictionary<string, EmptyObject> ExposedPorts { get; init => field = value ?? new(StringComparer.Ordinal); } = new(StringComparer.Ordinal);

    public SortedDictionary<string, EmptyObject> Volumes { get; init => field = value ?? new(StringComparer.Ordinal); } = new(StringComparer.Ordinal);

    public SortedDictionary<string, string> Labels { get; init => field = value ?? new(StringComparer.Ordinal); } = new(StringComparer.Ordinal);

    public string StopSignal { get; init => field = value ?? ""; } = "";

    /// <summary>Left out where there is none, as everywhere: configurations are compared as text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ImageHealthcheck? Healthcheck { get; init; }

    public ImmutableArray<string> Shell { get; init => field = value.IsDefault ? [] : value; } = [];

    public ImmutableArray<string> OnBuild { get; init => field = value.IsDefault ? [] : value; } = [];

    public static ImageConfig Parse(string json) =>
        JsonSerializer.Deserialize(json, ImageJson.Default.ImageConfig) ?? throw new JsonException("an image configuration is null");

    public string ToJson() => JsonSerializer.Serialize(this, ImageJson.Default.ImageConfig);
}

/// <summary>The <c>{}</c> that the image configuration gives each port and volume.</summary>
public sealed record EmptyObject;

[JsonSourceGenerationOptions]
[JsonSerializable(typeof(ImageConfig))]
internal sealed partial class ImageJson : JsonSerializerContext;
