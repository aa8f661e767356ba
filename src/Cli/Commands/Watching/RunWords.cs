using System.CommandLine;
using Kleene.Build.Cli.Commands.Containers;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Cli.Commands.Watching;

/// <summary>What stands behind <c>--run</c>: the options of <c>kleene run</c> and, behind <c>--</c>, a command, for an image that has yet to be built.</summary>
internal sealed class RunWords
{
    private readonly string[] options;
    private readonly string[] command;
    private readonly Context context;

    /// <exception cref="UsageException">They are not what <c>kleene run</c> takes.</exception>
    public RunWords(Context context, string[] words)
    {
        this.context = context;
        var end = Array.IndexOf(words, "--");

        // It goes when the next one comes, or with us.
        options = [.. (end < 0 ? words : words[..end]).Where(word => word != "--rm")];
        command = end < 0 ? [] : words[(end + 1)..];
        var (run, asked) = Read("image");
        asked.Check(run, detached: true);
    }

    /// <summary>Makes a container of the image.</summary>
    /// <param name="named">Whether it gets the name that was given; another one may have it still.</param>
    public Task<Container> CreateAsync(Composition kleene, Image image, bool named, CancellationToken cancellationToken)
    {
        var (run, asked) = Read(image.Id);
        return asked.CreateAsync(run, kleene, detached: true, cancellationToken, named);
    }

    /// <summary>The name that was given; null when none was.</summary>
    public string? Name => Read("image") is var (run, asked) ? asked.NameIn(run) : null;

    private (Context Run, ContainerOptions Options) Read(string image)
    {
        var asked = new ContainerOptions();
        var run = new Command("run");
        asked.AddTo(run);
        string[] words = [.. OptionsFirst.Apply(run, ["run", .. options, image, .. command], position: 0)];
        var parsed = new RootCommand { run }.Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            throw new UsageException($"--run: {string.Join("; ", parsed.Errors.Select(error => error.Message.TrimEnd('.')))}");
        }

        // A word that belongs to no option would be the image.
        return parsed.GetValue<string>("IMAGE") is var taken && taken == image
            ? (context.With(parsed), asked)
            : throw new UsageException($"'{taken}' behind --run is no option of 'kleene run'; a command goes behind '--', as in --run -p 8080:80 -- httpd -f");
    }
}
