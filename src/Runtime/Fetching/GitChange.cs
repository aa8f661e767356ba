namespace Kleene.Build.Runtime.Fetching;

/// <summary>What a repository knows of the last change of a file.</summary>
/// <param name="Commit">Shortened; empty when no commit has the file.</param>
/// <param name="IsCommitted">False when the file is other than in the last commit.</param>
public sealed record GitChange(string Commit, string Author, DateTimeOffset Date, string Subject, bool IsCommitted);

/// <summary>A directory has no history that we can read.</summary>
public sealed class GitHistoryException(string directory, string reason) : KleeneException($"the history of '{directory}' cannot be read: {reason}");
