using System.Collections.Immutable;
using Kleene.Build.Builder.Caching;
using Kleene.Build.Builder.Events;
using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime.Storage;

namespace Kleene.Build.Builder.Execution;

/// <summary>A stage whose steps all have their keys, and what the cache has for them.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="BaseKey">The key of the tree that the first step works on.</param>
/// <param name="Steps">All of them, in order.</param>
/// <param name="Hits">The snapshots of the first steps, as far as they are known without running anything.</param>
/// <param name="Forced">Whether its steps run whatever the cache has.</param>
internal sealed record KeyedStage(
    PlannedStage Stage, string BaseKey, ImmutableArray<KeyedStep> Steps, ImmutableArray<SnapshotId> Hits, bool Forced)
{
    /// <summary>The key of the stage's last tree.</summary>
    public string Key => Steps.Length == 0 ? BaseKey : Steps[^1].Key;

    /// <summary>What is left to run.</summary>
    public IEnumerable<KeyedStep> Misses => Steps.Skip(Hits.Length);
}

/// <param name="Question">What the key is the hash of.</param>
/// <param name="IsRepaired">Whether the key is that of files which were put right by hand, and not of the question.</param>
internal sealed record KeyedStep(StepPlace Place, string Key, StepQuestion Question, bool IsRepaired = false)
{
    /// <summary>What histories say of it.</summary>
    public string Text => IsRepaired ? $"{Place.Step.Text} # repaired by hand" : Place.Step.Text;
}
