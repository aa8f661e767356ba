using Kleene.Build.Parser.Planning;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Archives;
using Kleene.Build.Runtime.Fetching;
using Kleene.Build.Runtime.Files;

namespace Kleene.Build.Cli.Commands;

/// <summary>
/// A context that is no directory of this machine: a git repository, or an archive from a server, a file or the standard input. It is
/// put into a directory of its own, which is gone when this is disposed of.
/// </summary>
internal sealed class FetchedContext : IDisposable
{
    private const string StandardInput = "-";

    private readonly string temporary;

    private FetchedContext(string temporary) => this.temporary = temporary;

    /// <summary>The files; null when what came is no archive.</summary>
    public string? Directory { get; private set; }

    /// <summary>What came when it is no archive: a Kleenefile.</summary>
    public string? Text { get; private set; }

    /// <summary>What a CONTEXT names; null for a directory of this machine.</summary>
    /// <param name="kleenefile">The value of <c>--file</c>.</param>
    /// <exception cref="UsageException">There is no such thing.</exception>
    public static async Task<FetchedContext?> OpenAsync(string context, string? kleenefile, CancellationToken cancellationToken)
    {
        if (context == StandardInput)
        {
            return Accept(
                await ReadAsync(Console.OpenStandardInput(), cancellationToken), input => input.Text is not null || kleenefile != StandardInput,
                "the archive on the standard input cannot be the Kleenefile too; name the one in it with --file");
        }

        if (System.IO.Directory.Exists(context))
        {
            return null;
        }

        if (IsAddress(context))
        {
            return await FetchAsync(context, cancellationToken);
        }

        if (!File.Exists(context))
        {
            throw new UsageException($"the context '{context}' is not a directory");
        }

        await using var file = File.OpenRead(context);
        return Accept(
            await ReadAsync(file, cancellationToken), archive => archive.Directory is not null,
            $"the context '{context}' is a file and no archive; give the directory it is in, and the file with --file");
    }

    /// <summary>Whether a context is to be fetched, or is a directory.</summary>
    public static bool IsAddress(string context) => GitAddress.TryParseContext(context, out var problem) is not null || problem is not null || IsHttp(context);

    /// <exception cref="KleeneException">It cannot be fetched.</exception>
    public static Task<FetchedContext> FetchAsync(string address, CancellationToken cancellationToken) =>
        MakeAsync(fetched => fetched.FetchIntoAsync(address, cancellationToken));

    /// <summary>An archive, or a Kleenefile, that can be read only once.</summary>
    public static Task<FetchedContext> ReadAsync(Stream input, CancellationToken cancellationToken) =>
        MakeAsync(async fetched =>
        {
            var copy = Path.Join(fetched.temporary, "input");
            await using (var file = File.Create(copy))
            {
                await input.CopyToAsync(file, cancellationToken);
            }

            await fetched.TakeAsync(copy, cancellationToken);
        });

    public void Dispose() => System.IO.Directory.Delete(temporary, recursive: true);

    private static async Task<FetchedContext> MakeAsync(Func<FetchedContext, Task> fill)
    {
        var fetched = new FetchedContext(System.IO.Directory.CreateTempSubdirectory("kleene-context-").FullName);
        try
        {
            await fill(fetched);
            return fetched;
        }
        catch
        {
            fetched.Dispose();
            throw;
        }
    }

    private static FetchedContext Accept(FetchedContext fetched, Predicate<FetchedContext> isRight, string problem)
    {
        if (isRight(fetched))
        {
            return fetched;
        }

        fetched.Dispose();
        throw new UsageException(problem);
    }

    private static bool IsHttp(string text) =>
        text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    private async Task FetchIntoAsync(string address, CancellationToken cancellationToken)
    {
        if (GitAddress.TryParseContext(address, out var problem) is { } git)
        {
            var source = new GitSource
            {
                Remote = git.Remote,
                Reference = git.Reference,
                Subdirectory = git.Subdirectory,
                Checksum = git.Checksum,
                KeepsHistory = git.KeepsGitDirectory is true,
                TakesSubmodules = git.TakesSubmodules,
            };
            var client = Composition.Git();
            var commit = await client.ResolveAsync(source, cancellationToken);
            Directory = await client.CheckOutAsync(source, commit, temporary, cancellationToken);
            return;
        }

        if (problem is not null || !Uri.TryCreate(address, UriKind.Absolute, out var uri))
        {
            throw new UsageException($"the context '{address}' is no address: {problem ?? "it has characters that an address cannot have"}");
        }

        using var downloads = new DownloadCache(Path.Join(temporary, "downloads"), TimeProvider.System);
        await TakeAsync((await downloads.GetAsync(uri, checksum: null, cancellationToken)).Path, cancellationToken);
    }

    private async Task TakeAsync(string file, CancellationToken cancellationToken)
    {
        if (!ArchiveProbe.IsArchive(File.OpenRead(file)))
        {
            Text = await File.ReadAllTextAsync(file, cancellationToken);
            return;
        }

        var tree = System.IO.Directory.CreateDirectory(Path.Join(temporary, "tree")).FullName;
        await Task.Run(
            () =>
            {
                using var root = RootedDirectory.Open(tree);

                // Nobody but the superuser can give files away, and in a context the owners mean nothing.
                var manner = new ExtractionManner { Merges = true, Owner = root.Stat(UnixPath.Empty, followLink: true).Owner };
                new ArchiveExtractor(ExtractionLimits.Default).Extract(File.OpenRead(file), root, manner, cancellationToken);
            },
            cancellationToken);
        Directory = tree;
    }
}
