using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Fetching;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Builder.Fetching;

/// <summary>
/// Finds out what the addresses in a plan lead to, all at once and before any key is computed: a file's digest, a branch's commit.
/// What cannot be reached is told when the step is asked about, so that all mistakes of a file are told together.
/// </summary>
internal sealed class RemoteSources(Fetcher fetcher)
{
    private readonly Dictionary<(string Source, AddManner Manner), Task<RemotePart>> parts = [];

    /// <summary>Asks for everything that the reachable stages add.</summary>
    public async Task ResolveAsync(BuildPlan plan, CancellationToken cancellationToken)
    {
        foreach (var stage in plan.Stages)
        {
            if (!stage.IsReachable)
            {
                continue;
            }

            foreach (var step in stage.Steps)
            {
                if (step is BuildStep.Copy { Add: { } manner } add)
                {
                    Ask(add, manner, cancellationToken);
                }
            }
        }

        if (parts.Count == 0)
        {
            return;
        }

        await ((Task)Task.WhenAll(parts.Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Null for a path.</summary>
    /// <exception cref="KleeneException">The address leads nowhere, or not to what was expected.</exception>
    public RemotePart? Find(string source, AddManner? manner) =>
        manner is not null && parts.TryGetValue((source, manner), out var part) ? part.GetAwaiter().GetResult() : null;

    private void Ask(BuildStep.Copy add, AddManner manner, CancellationToken cancellationToken)
    {
        foreach (var source in add.Sources)
        {
            if (!parts.ContainsKey((source, manner)) && RemoteSource.TryParse(source, out _) is { } remote)
            {
                parts.Add((source, manner), ResolveAsync(remote, manner, cancellationToken));
            }
        }
    }

    private async Task<RemotePart> ResolveAsync(RemoteSource source, AddManner manner, CancellationToken cancellationToken)
    {
        switch (source)
        {
            case RemoteSource.Git { Address: var address }:
                var repository = new GitSource
                {
                    Remote = address.Remote,
                    Reference = address.Reference,
                    Subdirectory = address.Subdirectory,
                    Checksum = manner.Checksum.Length > 0 ? manner.Checksum : address.Checksum,
                    KeepsHistory = (manner.KeepsGitDirectory ?? address.KeepsGitDirectory) is true,
                    TakesSubmodules = address.TakesSubmodules,
                };
                return new RemotePart.Repository(repository, await fetcher.Git.ResolveAsync(repository, cancellationToken));
            case RemoteSource.Http file when manner.Checksum.Length > 0:
                var checksum = FileChecksum.Parse(manner.Checksum);
                return new RemotePart.File(file, checksum, Digest.TryParse(checksum.Text, out _) ? null : await FetchAsync(file, checksum, cancellationToken));
            case RemoteSource.Http file:
                return new RemotePart.File(file, null, await FetchAsync(file, null, cancellationToken));
            default:
                throw new ArgumentOutOfRangeException(nameof(source), source, "not an address");
        }
    }

    private Task<Download> FetchAsync(RemoteSource.Http file, FileChecksum? checksum, CancellationToken cancellationToken) =>
        fetcher.Downloads.GetAsync(new Uri(file.Address), checksum, cancellationToken);
}
