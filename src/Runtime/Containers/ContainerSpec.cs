using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Networks;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Runtime.Containers;

/// <summary>How a container runs: the image's configuration with what the user asked for on top.</summary>
/// <remarks>As in <see cref="ImageConfig"/>, the accessors give what a stored specification lacks.</remarks>
public sealed record ContainerSpec
{
    private static readonly ImmutableSortedDictionary<string, string> NoLabels = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    public required ImmutableArray<string> Argv { get; init; }

    public ImmutableArray<string> Environment { get; init => field = value.IsDefault ? [] : value; } = [];

    public string User { get; init => field = value ?? ""; } = "";

    public string WorkingDirectory { get; init => field = value ?? "/"; } = "/";

    /// <summary>The id when empty.</summary>
    public string Hostname { get; init => field = value ?? ""; } = "";

    public NetworkRequest Network { get; init => field = value ?? NetworkRequest.Host; } = NetworkRequest.Host;

    public ImmutableArray<JailMount> Mounts { get; init => field = value.IsDefault ? [] : value; } = [];

    public ImmutableArray<HostEntry> ExtraHosts { get; init => field = value.IsDefault ? [] : value; } = [];

    public JailLimits Limits { get; init => field = value ?? JailLimits.None; } = JailLimits.None;

    /// <summary>Bounds of each of its processes.</summary>
    public ImmutableArray<JailUlimit> Ulimits { get; init => field = value.IsDefault ? [] : value; } = [];

    public JailGrants Grants { get; init => field = value ?? JailGrants.None; } = JailGrants.None;

    /// <summary>What else its jail is, in the words of jail(8).</summary>
    public ImmutableArray<string> Parameters { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>The host's ids that its own are, of which those were chosen when it was made; null: its ids are the host's.</summary>
    public UserRange? Users { get; init; }

    public bool ReadOnlyRoot { get; init; }

    public bool Terminal { get; init; }

    /// <summary>What <c>stop</c> sends first: a name such as <c>SIGTERM</c> or a number; empty is SIGTERM.</summary>
    public string StopSignal { get; init => field = value ?? ""; } = "";

    /// <summary>Seconds between the first signal of <c>stop</c> and the last; null is ten.</summary>
    public double? StopSeconds { get; init; }

    public RestartPolicy Restart { get; init => field = value ?? RestartPolicy.No; } = RestartPolicy.No;

    /// <summary>Whether its standard input is there for those who attach.</summary>
    public bool KeepsInput { get; init; }

    /// <summary>How much of what it prints is kept; all of it when null.</summary>
    public LogBound? Log { get; init; }

    /// <summary>How it says whether it is well; null: it does not.</summary>
    public ImageHealthcheck? Healthcheck { get; init; }

    /// <summary>What is done when it is not well any more.</summary>
    public HealthAction OnUnhealthy { get; init; }

    public ImmutableSortedDictionary<string, string> Labels { get; init => field = value ?? NoLabels; } = NoLabels;

    /// <summary>Whether <c>prune</c> spares it, as in Kleene.</summary>
    public bool IsPersistent { get; init; }

    /// <summary>Whether the container goes when its first process ends.</summary>
    public bool RemoveAtExit { get; init; }

    internal static ContainerSpec Parse(string json) =>
        JsonSerializer.Deserialize(json, ContainerJson.Default.ContainerSpec) ?? throw new JsonException("a container's specification is null");

    /// <summary>Reads of a stored one no more than <see cref="Argv"/>.</summary>
    internal static ImmutableArray<string> ParseArgv(string json)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        var words = ImmutableArray.CreateBuilder<string>();
        for (var found = false; !found && reader.Read();)
        {
            found = reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals(nameof(Argv));
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                words.Add(reader.GetString()!); // A string is never null.
            }
        }

        return words.ToImmutable();
    }

    internal string ToJson() => JsonSerializer.Serialize(this, ContainerJson.Default.ContainerSpec);

    /// <summary>The same as a jail over a mounted tree, without volumes and networks: those have to be made ready.</summary>
    internal JailSpec ToJail(string id, string root) => new()
    {
        Id = id,
        Root = root,
        Hostname = Hostname,
        Mounts = Mounts,
        ExtraHosts = ExtraHosts,
        Limits = Limits,
        Ulimits = Ulimits,
        Grants = Grants,
        Users = Users,
        IsPrivileged = Grants.IsPrivileged,
        Parameters = Parameters,
        ReadOnlyRoot = ReadOnlyRoot,
        Process = new JailProcess
        {
            Argv = Argv,
            Environment = Environment,
            User = User,
            Groups = Grants.Groups,
            WorkingDirectory = WorkingDirectory,
            Terminal = Terminal,
        },
    };
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ContainerSpec))]
internal sealed partial class ContainerJson : JsonSerializerContext;
