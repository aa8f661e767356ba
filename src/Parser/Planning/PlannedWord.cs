using System.Collections.Immutable;

namespace Kleene.Build.Parser.Planning;

/// <summary>What a word comes to in its stage.</summary>
/// <param name="Value">The word with its variables replaced.</param>
/// <param name="IsKnown">False when a part of it may come from a base of which nothing is known; the value is then not to be judged.</param>
/// <param name="Words">The value cut at blanks that are not quoted.</param>
internal readonly record struct PlannedWord(string Value, bool IsKnown, ImmutableArray<string> Words);
