namespace Kleene.Build.Parser.Planning;

/// <summary>What planning made of a file.</summary>
/// <param name="Plan">Null when there is not even a target. With errors it is not fit to be run.</param>
/// <param name="Stages">The stages with the instructions that they were made from, in the order of the file.</param>
internal sealed record PlannedFile(BuildPlan? Plan, IReadOnlyList<StagePlanner> Stages);
