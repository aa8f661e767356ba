namespace Kleene.Build.Runtime.Fetching;

/// <summary>All that brings files from elsewhere.</summary>
public sealed record Fetcher(DownloadCache Downloads, GitClient Git);
