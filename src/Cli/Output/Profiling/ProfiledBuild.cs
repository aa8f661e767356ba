using Kleene.Build.Builder.Profiling;

namespace Kleene.Build.Cli.Output.Profiling;

/// <summary>All that a profile tells.</summary>
/// <param name="Total">From the start of the command.</param>
/// <param name="Title">What was built, for people.</param>
/// <param name="Failure">Why it failed; null when it did not.</param>
internal sealed record ProfiledBuild(BuildProfile Profile, SpanTree Spans, TimeSpan Total, string Title, DateTimeOffset Started, string? Failure);
