using System.Collections.Immutable;
using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Text;

namespace Kleene.Build.Parser.Formatting;

/// <summary>A Kleenefile in its canonical layout, or the reasons why it has none.</summary>
/// <param name="Source">The file as it was.</param>
/// <param name="Text">As it is to be; null where the file cannot be read.</param>
/// <param name="Diagnostics">What cannot be read in it.</param>
public sealed record FormattedFile(SourceText Source, string? Text, ImmutableArray<Diagnostic> Diagnostics)
{
    /// <summary>Whether the layout differs from what the author wrote.</summary>
    public bool IsChanged => Text is not null && Text != Source.Text;
}
