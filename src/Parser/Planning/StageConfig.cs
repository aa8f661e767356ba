using System.Collections.Immutable;

namespace Kleene.Build.Parser.Planning;

/// <summary>
/// The run-time configuration that instructions fold into, under the names of the OCI image configuration
/// (image-spec, config.md). Also the form in which a base image's configuration is told to the compiler.
/// </summary>
public sealed record StageConfig
{
    /// <summary>Where programs are looked for when neither the base nor the file says it.</summary>
    public const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>What the files are for, <c>os/architecture[/variant]</c>; empty means what the build runs on.</summary>
    public string Platform { get; init; } = "";

    /// <summary><c>NAME=value</c>, in order of first appearance, one entry a name.</summary>
    public ImmutableArray<string> Env { get; init; } = [];

    public ImmutableArray<string> Cmd { get; init; } = [];

    public ImmutableArray<string> Entrypoint { get; init; } = [];

    /// <summary>Empty means the superuser.</summary>
    public string User { get; init; } = "";

    /// <summary>Absolute; empty means <c>/</c>.</summary>
    public string WorkingDir { get; init; } = "";

    /// <summary><c>port/protocol</c>, sorted.</summary>
    public ImmutableArray<string> ExposedPorts { get; init; } = [];

    /// <summary>Sorted.</summary>
    public ImmutableArray<string> Volumes { get; init; } = [];

    /// <summary>Sorted by name.</summary>
    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Who looks after it, by MAINTAINER; empty where nobody is named.</summary>
    public string Author { get; init; } = "";

    public string StopSignal { get; init; } = "";

    /// <summary>Null when neither the base nor the file has one.</summary>
    public Healthcheck? Healthcheck { get; init; }

    /// <summary>The words that shell forms are given to; empty means <c>/bin/sh -c</c>.</summary>
    public ImmutableArray<string> Shell { get; init; } = [];

    public ImmutableArray<string> OnBuild { get; init; } = [];
}
