using System.CommandLine;
using Kleene.Build.Builder.Contexts;
using Kleene.Build.Parser;
using Kleene.Build.Parser.Text;
using Kleene.Build.Runtime;

namespace Kleene.Build.Cli.Commands;

/// <summary>The options that say which Kleenefile is meant and with which arguments; shared by all commands that compile one.</summary>
internal sealed class KleenefileOptions
{
    public const string StandardInput = "-";

    private static readonly string[] Names = ["Kleenefile", "Dockerfile", "Containerfile"];

    private readonly Option<string?> file = new("--file", "-f") { Description = "the Kleenefile; '-' is the standard input", HelpName = "FILE" };
    private readonly Option<string?> target = new("--target") { Description = "the stage to build; the last one otherwise", HelpName = "STAGE" };
    private readonly Option<string[]> arguments = new("--build-arg") { Description = "the value of an ARG", HelpName = "NAME[=value]" };
    private readonly Option<string?> from = new("--from") { Description = "replaces the base image", HelpName = "IMAGE" };

    private readonly Option<string?> platform = new("--platform") { Description = "what the image is for; this machine otherwise", HelpName = "OS/ARCHITECTURE" };

    public Argument<string> Context { get; } = new("CONTEXT") { Description = "the directory that COPY reads; '-' for a Kleenefile on the standard input and no files" };

    public void AddTo(Command command)
    {
        command.Options.Add(file);
        command.Options.Add(target);
        command.Options.Add(arguments);
        command.Options.Add(from);
        command.Options.Add(platform);
    }

    public async Task<Kleenefile> ReadAsync(Context context, CancellationToken cancellationToken)
    {
        var directory = context.Get(Context);
        var chosen = context.Get(file);
        if (directory == StandardInput && chosen is null)
        {
            chosen = StandardInput;
        }

        if (directory != StandardInput && !Directory.Exists(directory))
        {
            throw new UsageException($"the context '{directory}' is not a directory");
        }

        var path = chosen ?? FindIn(directory);
        var text = await ReadTextAsync(path, cancellationToken);
        return new Kleenefile(
            new SourceText(Shown(path, directory), text),
            new CompileOptions
            {
                Arguments = new BuildArguments((context.Get(arguments) ?? []).Select(Argument).OfType<KeyValuePair<string, string>>()),
                Target = context.Get(target),
                BaseOverride = context.Get(from),
                Includes = path == StandardInput ? null : new IncludeFiles(path, directory),
                Platform = context.Get(platform) ?? HostPlatform.Name,
                BuildPlatform = HostPlatform.Name,
            },
            directory == StandardInput ? null : directory,
            path == StandardInput ? null : path);
    }

    /// <summary>The Kleenefile of a directory, by the first of its names that is there.</summary>
    public static string FindIn(string directory) =>
        Names.Select(name => Path.Join(directory, name)).FirstOrDefault(File.Exists)
        ?? throw new UsageException($"there is no Kleenefile in '{directory}' (nor a Dockerfile or Containerfile); name one with --file");

    private static async Task<string> ReadTextAsync(string path, CancellationToken cancellationToken)
    {
        if (path == StandardInput)
        {
            using var reader = new StreamReader(Console.OpenStandardInput());
            return await reader.ReadToEndAsync(cancellationToken);
        }

        try
        {
            return await File.ReadAllTextAsync(path, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"the Kleenefile '{path}' cannot be read: {exception.Message}");
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
internal sealed record Kleenefile(SourceText Source, CompileOptions Compile, string? Directory, string? File)
{
    /// <param name="cache">Where to remember the files of contexts.</param>
    public BuildContext? OpenContext(string? cache) => Directory is null ? null : BuildContext.Open(Directory, File, cache);
}
