using System.CommandLine;
using System.Text;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Text;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Files;
using Kleene.Build.Runtime.Tracing;

namespace Kleene.Build.Cli.Commands;

/// <summary>The options that say which Kleenefile is meant and with which arguments; shared by all commands that compile one.</summary>
internal sealed class KleenefileOptions
{
    public const string StandardInput = "-";

    private static readonly string[] Names = ["Kleenefile", "Dockerfile", "Containerfile"];

    private readonly Option<string?> file = new("--file", "-f") { Description = "the Kleenefile; '-' is the standard input", HelpName = "FILE" };
    private readonly Option<string?> target = new("--target") { Description = "the stage to build; the last one otherwise", HelpName = "STAGE" };
    private readonly TextsOption arguments = new("--build-arg") { Description = "the value of an ARG", HelpName = "NAME[=value]" };
    private readonly Option<string?> from = new("--from") { Description = "replaces the base image", HelpName = "IMAGE" };

    private readonly Option<string?> platform = new("--platform") { Description = "what the image is for; this machine otherwise", HelpName = "OS/ARCHITECTURE" };

    private readonly TextsOption contexts = new("--build-context")
    {
        Description = "a directory, image:REFERENCE, repository or archive that FROM, COPY --from and mounts can name", HelpName = "NAME=TREE",
    };

    public Argument<string> Context { get; } = new("CONTEXT")
    {
        Description = "what COPY reads: a directory, the address of a git repository or an archive, or '-' for an archive or only a Kleenefile on the standard input",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(file);
        command.Options.Add(target);
        command.Options.Add(arguments);
        command.Options.Add(from);
        command.Options.Add(platform);
        command.Options.Add(contexts);
    }

    public async Task<Kleenefile> ReadAsync(Context context, CancellationToken cancellationToken)
    {
        using var traced = Tracer.Begin("read the Kleenefile");
        var place = context.Get(Context);
        var fetched = await FetchedContext.OpenAsync(place, context.Get(file), cancellationToken);
        try
        {
            return await ReadAsync(context, place, fetched, cancellationToken);
        }
        catch
        {
            fetched?.Dispose();
            throw;
        }
    }

    private async Task<Kleenefile> ReadAsync(Context context, string place, FetchedContext? fetched, CancellationToken cancellationToken)
    {
        var directory = fetched is null ? place : fetched.Directory ?? StandardInput;
        var path = fetched switch
        {
            // What came is the Kleenefile itself, unless one is named.
            { Text: not null } => context.Get(file) ?? StandardInput,
            { Directory: { } root } when context.Get(file) is { } inside => Path.Join(root, inside),
            _ => context.Get(file),
        };
        path ??= FindIn(directory, place);
        var text = path == StandardInput && fetched?.Text is { } came ? came
            : fetched?.Directory is { } tree ? ReadInside(tree, path)
            : await ReadTextAsync(path, cancellationToken);
        var named = await NamedContextOption.ReadAsync(context.Get(contexts) ?? [], cancellationToken);
        return new Kleenefile(
            new SourceText(Shown(path, directory), text),
            new CompileOptions
            {
                NamedContexts = named.Names,
                Arguments = new BuildArguments((context.Get(arguments) ?? []).Select(Argument).OfType<KeyValuePair<string, string>>()),
                Target = context.Get(target),
                BaseOverride = context.Get(from),
                Includes = path == StandardInput ? null : new IncludeFiles(path, directory),
                Platform = context.Get(platform) ?? HostPlatform.Name,
                BuildPlatform = HostPlatform.Name,
            },
            directory == StandardInput ? null : directory,
            path == StandardInput ? null : path,
            named,
            fetched);
    }

    /// <summary>What the Kleenefile of a directory may be called.</summary>
    public static IEnumerable<string> CandidatesIn(string directory) => Names.Select(name => Path.Join(directory, name));

    /// <summary>The Kleenefile of a directory, by the first of its names that is there.</summary>
    /// <param name="shown">What messages call the directory.</param>
    public static string FindIn(string directory, string? shown = null) =>
        CandidatesIn(directory).FirstOrDefault(File.Exists)
        ?? throw new UsageException($"there is no Kleenefile in '{shown ?? directory}' (nor a Dockerfile or Containerfile); name one with --file");

    private static async Task<string> ReadTextAsync(string path, CancellationToken cancellationToken)
    {
        if (path == StandardInput)
        {
            using var reader = new StreamReader(Console.OpenStandardInput());
            return await reader.ReadToEndAsync(cancellationToken);
        }

        try
        {
            // In one go: to wait for so little costs several threads, which a build of cached steps has no other use for.
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"the Kleenefile '{path}' cannot be read: {exception.Message}");
        }
    }

    /// <summary>In a tree that came from elsewhere no link leads out.</summary>
    private static string ReadInside(string tree, string path)
    {
        using var root = RootedDirectory.Open(tree);
        var name = Path.GetRelativePath(tree, path);
        try
        {
            return new UTF8Encoding(false).GetString(root.ReadAllBytes(name)).TrimStart('\uFEFF');
        }
        catch (KleeneException exception)
        {
            throw new UsageException($"the Kleenefile '{name}' cannot be read: {exception.Message}");
        }
    }

    /// <summary>The name in messages: short when the file is in the context.</summary>
    private static string Shown(string path, string directory) =>
        path == StandardInput ? StandardInput : Path.GetDirectoryName(Path.GetFullPath(path)) == Path.GetFullPath(directory) ? Path.GetFileName(path) : path;

    /// <summary>A name without a value takes that of our environment; without one there either it counts as not given.</summary>
    private static KeyValuePair<string, string>? Argument(string text)
    {
        var (key, value) = OptionValues.Pair(text, "--build-arg");
        value ??= Environment.GetEnvironmentVariable(key);
        return value is null ? null : new KeyValuePair<string, string>(key, value);
    }
}

/// <summary>A Kleenefile as it was found, and how it is to be compiled.</summary>
/// <param name="Directory">That of the context; null when there are no files.</param>
/// <param name="File">The file it was read from; null for the standard input.</param>
/// <param name="Named">The trees that the file may name.</param>
/// <param name="Fetched">What the directory was made from; null when it was there.</param>
internal sealed record Kleenefile(
    SourceText Source, CompileOptions Compile, string? Directory, string? File, NamedContextOption Named, FetchedContext? Fetched) : IDisposable
{
    /// <param name="cache">Where to remember the files of contexts.</param>
    public BuildContext? OpenContext(string? cache) =>
        Directory is null ? null : BuildContext.Open(Directory, File, Fetched is null ? cache : null, hasIgnoreFile: Fetched is null);

    public void Dispose()
    {
        Named.Dispose();
        Fetched?.Dispose();
    }
}
