namespace Kleene.Build.Parser.Planning;

/// <summary>A heredoc of a step.</summary>
/// <param name="Name">The word after <c>&lt;&lt;</c>, without quotes.</param>
/// <param name="Content">The body, TABs taken away and variables replaced where that was asked for.</param>
/// <param name="Expand">Whether the name was written without quotes. In a RUN that is for the shell to act on.</param>
public sealed record PlannedHeredoc(string Name, string Content, bool Expand);
