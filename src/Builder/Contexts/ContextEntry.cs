using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Builder.Contexts;

/// <summary>A name in a build context and what became of it: a line of <c>kleene context ls</c>.</summary>
/// <param name="Path">Relative to the context.</param>
/// <param name="Decision">The rule that decided, if any did.</param>
public sealed record ContextEntry(UnixPath Path, FileKind Kind, long Size, IgnoreDecision Decision);
