using System.Collections.Immutable;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Parser;
using Kleene.Build.Runtime;

namespace Kleene.Build.Cli.Commands;

/// <summary>The values of <c>--build-context</c>: trees by the names that Kleenefiles use for them.</summary>
internal sealed class NamedContextOption : IDisposable
{
    private readonly Dictionary<string, string> directories = new(StringComparer.Ordinal);
    private readonly List<FetchedContext> fetched = [];
    private readonly List<BuildContext> opened = [];

    /// <summary>Those that are directories of this machine, fetched ones included.</summary>
    public IReadOnlyCollection<string> Directories => directories.Values;

    /// <summary>What the compiler has to know.</summary>
    public NamedContexts Names { get; private set; } = NamedContexts.Empty;

    /// <param name="values"><c>NAME=DIRECTORY</c>, <c>NAME=image:REFERENCE</c>, or <c>NAME=</c> and the address of a repository or an archive.</param>
    /// <exception cref="KleeneException">One of them cannot be fetched.</exception>
    public static async Task<NamedContextOption> ReadAsync(IEnumerable<string> values, CancellationToken cancellationToken)
    {
        var contexts = new NamedContextOption();
        try
        {
            foreach (var value in values)
            {
                await contexts.AddAsync(value, cancellationToken);
            }

            return contexts;
        }
        catch
        {
            contexts.Dispose();
            throw;
        }
    }

    /// <summary>Opens the directories, each with its own ignore file.</summary>
    /// <param name="cache">Where to remember their files.</param>
    public ImmutableDictionary<string, BuildContext> Open(string? cache)
    {
        var contexts = ImmutableDictionary.CreateBuilder<string, BuildContext>();
        foreach (var (name, directory) in directories)
        {
            var isFetched = fetched.Any(context => context.Directory == directory);
            var context = BuildContext.Open(directory, null, isFetched ? null : cache, $"the context '{name}'", hasIgnoreFile: !isFetched);
            opened.Add(context);
            contexts[name] = context;
        }

        return contexts.ToImmutable();
    }

    public void Dispose()
    {
        opened.ForEach(context => context.Dispose());
        fetched.ForEach(context => context.Dispose());
    }

    private async Task AddAsync(string text, CancellationToken cancellationToken)
    {
        var (name, value) = OptionValues.Pair(text, "--build-context");
        if (value is not { Length: > 0 })
        {
            throw new UsageException($"--build-context '{text}' has no tree; write NAME=DIRECTORY or NAME=image:REFERENCE");
        }

        if ((Cut(value, "docker-image://") ?? Cut(value, "image:")) is { } image)
        {
            Names = Names.With(name, new NamedContext.Image(image));
            return;
        }

        if (Cut(value, "oci:") is not null || Cut(value, "oci-layout:") is not null)
        {
            throw new UsageException($"--build-context '{text}': OCI layouts cannot be read yet; give a directory, an image of this machine or an archive");
        }

        directories[NamedContexts.Familiar(name)] = FetchedContext.IsAddress(value) ? await FetchAsync(text, value, cancellationToken)
            : Directory.Exists(value) ? value
            : throw new UsageException($"--build-context '{text}': there is no directory '{value}'");
        Names = Names.With(name, new NamedContext.Files());
    }

    private async Task<string> FetchAsync(string text, string address, CancellationToken cancellationToken)
    {
        var context = await FetchedContext.FetchAsync(address, cancellationToken);
        fetched.Add(context);
        return context.Directory ?? throw new UsageException($"--build-context '{text}': what the address leads to is no archive");
    }

    private static string? Cut(string text, string prefix) => text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : null;
}
