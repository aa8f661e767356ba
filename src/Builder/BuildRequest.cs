using System.Collections.Immutable;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Builder.Copying;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Parser.Text;
using Kleene.Build.Runtime.Agents;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Builder;

/// <summary>What is to be built and how.</summary>
public sealed record BuildRequest
{
    public required SourceText Source { get; init; }

    public required CompileOptions Compile { get; init; }

    /// <summary>Null when there are no files: then COPY reads only stages and images.</summary>
    public BuildContext? Context { get; init; }

    /// <summary>The directories that the caller gave names to, by the names that <see cref="NamedContexts.Familiar"/> makes of them.</summary>
    public ImmutableDictionary<string, BuildContext> NamedContexts { get; init; } = ImmutableDictionary<string, BuildContext>.Empty;

    /// <summary>The directory behind a tree of the caller's; null where there is none.</summary>
    internal BuildContext? FindContext(TreeOrigin origin) => origin is TreeOrigin.Named named ? NamedContexts[named.Name] : Context;

    /// <summary>The directory that a step reads; null when what it reads is none, or is not there.</summary>
    internal BuildContext? ContextAt(TreeOrigin origin) => origin is TreeOrigin.Context or TreeOrigin.Named ? FindContext(origin) : null;

    /// <summary>The names of the image.</summary>
    public ImmutableArray<ImageReference> Tags { get; init; } = [];

    /// <summary>Whether every step runs, whatever is known of it.</summary>
    public bool NoCache { get; init; }

    /// <summary>The stages whose steps run in any case, and with them those of the stages that depend on them.</summary>
    public ImmutableArray<string> NoCacheStages { get; init; } = [];

    /// <summary>The step of an earlier build that was repaired by hand; null when none was.</summary>
    public StepRepair? Repair { get; init; }

    /// <summary>Where the reports of a command that fails go, on the host; null leaves them in its files.</summary>
    public string? OutputOnFailure { get; init; }

    /// <summary>Whether the build fails before anything runs, when something would have to.</summary>
    public bool ExpectsCached { get; init; }

    /// <summary>Where the build is traced: then all that a step uses is measured too, and told at the end. Null when nobody wants to know.</summary>
    public Timeline? Profile { get; init; }

    /// <summary>What <c>default</c> means for the network of a RUN: <c>host</c>, <c>none</c> or the name of a network.</summary>
    public string Network { get; init; } = Runtime.Networks.Network.DefaultName;

    public ImmutableArray<HostEntry> ExtraHosts { get; init; } = [];

    public JailLimits Limits { get; init; } = JailLimits.None;

    /// <summary>Bounds of each process of a RUN.</summary>
    public ImmutableArray<JailUlimit> Ulimits { get; init; } = [];

    /// <summary>What the jail of every RUN is beside, in the words of jail(8). As limits, they are not in keys.</summary>
    public ImmutableArray<string> JailParameters { get; init; } = [];

    /// <summary>What every RUN sees mounted, whatever it says itself. It is the caller's to know that it does not change what is built: keys do not have it.</summary>
    public ImmutableArray<JailMount> Mounts { get; init; } = [];

    public BuildSecrets Secrets { get; init; } = BuildSecrets.None;

    /// <summary>The SSH agents that a RUN may ask for.</summary>
    public SshAgents Agents { get; init; } = SshAgents.None;

    /// <summary>Whether a RUN may have the rights of the machine's superuser when it asks for them.</summary>
    public bool AllowInsecure { get; init; }

    /// <summary>Whether a RUN may have the host's network when it asks for it.</summary>
    public bool AllowHostNetwork { get; init; }

    public ImmutableSortedDictionary<string, string> Labels { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>How many steps may run at a time.</summary>
    public int Jobs { get; init; } = Environment.ProcessorCount;

    /// <summary>When a COPY is made from an earlier one.</summary>
    internal UpdateRule CopyUpdates { get; init; } = UpdateRule.Default;

    /// <summary>Whether what a failed build made is kept as <c>NAME:failed</c>.</summary>
    public bool KeepFailed { get; init; } = true;
}
