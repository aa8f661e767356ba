using System.Collections.Immutable;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Runtime.Checks.FreeBsd;

/// <summary>Something that a host has to be or have, and what makes it so.</summary>
/// <param name="Lack">What is wrong without it, in a sentence.</param>
/// <param name="IsMet">Asks the host.</param>
/// <param name="Remedy">Commands that bring it about, now and after the next start; none: only somebody can.</param>
/// <param name="Advice">What somebody can do about it where there is no remedy, or where that shows only later.</param>
internal sealed record HostNeed(string Lack, Func<CancellationToken, Task<bool>> IsMet, ImmutableArray<CommandLine> Remedy, string Advice = "")
{
    public bool IsOptional { get; init; }
}
