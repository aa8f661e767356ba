using System.Collections.Immutable;
using Kleene.Build.Runtime.Builds;

namespace Kleene.Build.Builder.Explaining;

/// <summary>Why a step ran.</summary>
public abstract record Cause
{
    private Cause()
    {
    }

    /// <summary>The caller wanted it so, whatever the cache had.</summary>
    public sealed record Forced : Cause;

    /// <summary>No build of the same file or name is known that it could be held against.</summary>
    public sealed record Unprecedented : Cause;

    /// <summary>The earlier build had no such instruction.</summary>
    public sealed record Added : Cause;

    /// <summary>The same was asked before, and answered, but the answer is no longer there.</summary>
    /// <param name="Build">Which had it.</param>
    public sealed record Lost(BuildRecord Build) : Cause;

    /// <summary>The same was asked before, and there was no answer: it failed or was stopped.</summary>
    public sealed record Unanswered(BuildRecord Build, RecordedStep Step) : Cause;

    /// <summary>What it asks, or asked, was not recorded.</summary>
    public sealed record Unknown : Cause;

    /// <summary>It asks something else than before.</summary>
    /// <param name="Changes">At least one; the first is the first of the key.</param>
    public sealed record Changed(ImmutableArray<InputChange> Changes) : Cause;

    /// <summary>The base image is another one.</summary>
    /// <param name="Reference">As it is written now.</param>
    /// <param name="Before">What was written then, and the key of its tree.</param>
    /// <param name="Own">What the step itself asks otherwise, too.</param>
    public sealed record Rebased(string Reference, string Key, string Before, string BeforeKey, ImmutableArray<InputChange> Own) : Cause;

    /// <summary>Something that it builds on is another one.</summary>
    /// <param name="Step">That it builds on.</param>
    /// <param name="Through">How: <c>step 2</c>, <c>stage 'build'</c>.</param>
    /// <param name="Because">Why that is another one.</param>
    /// <param name="Own">What the step itself asks otherwise, too.</param>
    public sealed record Followed(RecordedStep Step, string Through, Cause Because, ImmutableArray<InputChange> Own) : Cause;

    /// <summary>Where it all began: the last link of the chain.</summary>
    public Cause Root => this is Followed followed ? followed.Because.Root : this;

    /// <summary>The step in which it began, when that is not the one that is asked about.</summary>
    public RecordedStep? RootStep => this is Followed followed ? followed.Because.RootStep ?? followed.Step : null;
}
