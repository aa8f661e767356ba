namespace Kleene.Build.Builder.Copying;

/// <summary>How the sources of a COPY are looked up.</summary>
/// <param name="KeepsParents">Whether a source is a pattern of an ignore file below the part before <c>/./</c>, and keeps its directories.</param>
/// <param name="MayBeMissing">Whether a name that is not there is passed over.</param>
public sealed record SourceLookup(bool KeepsParents, bool MayBeMissing)
{
    public static SourceLookup Plain { get; } = new(KeepsParents: false, MayBeMissing: false);
}
