namespace Kleene.Build.Parser.Text;

/// <summary>Other characters in the place of a span; an empty span inserts, an empty text removes.</summary>
public sealed record TextEdit(TextSpan Span, string NewText);
