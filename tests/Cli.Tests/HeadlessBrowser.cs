using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Tests;

/// <summary>Chromium without a window: what it makes of a page, and how that looks.</summary>
internal static class HeadlessBrowser
{
    /// <summary>Null when it is there.</summary>
    public static string? Missing { get; } = new[] { "/usr/bin/chromium", "/usr/local/bin/chromium" }.Any(File.Exists) ? null : "chromium is not installed";

    /// <param name="space">Where it keeps its own files.</param>
    /// <param name="screenshot">The name of a file in there.</param>
    /// <returns>The document when its scripts have run.</returns>
    public static Task<string> RenderAsync(KleeneSpace space, string address, string screenshot) => new ProcessRunner().RunToolAsync(
        CommandLine.Of(
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-sync",
            $"--user-data-dir={space["browser"]}", "--window-size=1280,1400", $"--screenshot={space[screenshot]}", "--dump-dom", address),
        CancellationToken.None);
}
