using System.CommandLine;
using Kleene.Build.Builder;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary><c>kleene commit</c>: an image of what a container's files are now.</summary>
internal static class CommitCommand
{
    public static Command Create(string name, Verb verb)
    {
        var reference = new Argument<string>("CONTAINER") { Description = "its name or the beginning of its id" };
        var image = new Argument<string?>("NAME[:TAG]") { Description = "of the image", Arity = ArgumentArity.ZeroOrOne };
        var author = new Option<string?>("--author", "-a") { Description = "who made it", HelpName = "NAME" };
        var message = new Option<string?>("--message", "-m") { Description = "what the history says of it", HelpName = "TEXT" };
        var changes = new TextsOption("--change", "-c") { Description = "an instruction that changes the configuration, such as 'CMD [\"sh\"]'", HelpName = "INSTRUCTION" };
        var pause = new Option<bool>("--pause", "-p") { Description = "stop its processes meanwhile", DefaultValueFactory = _ => true };
        var command = new Command(name) { reference, image, author, message, changes, pause };
        verb.Does(command, async (context, cancellationToken) =>
        {
            var given = context.Get(changes) ?? [];
            _ = given.Aggregate(new ImageConfig(), Change);
            var request = new CommitRequest
            {
                Name = context.Get(image) is { } text ? OptionValues.ImageName(text) : null,
                Message = context.Get(message) ?? "",
                Pauses = context.Get(pause),
                Change = config => given.Aggregate(config with { Author = context.Get(author) ?? config.Author }, Change),
            };
            using var kleene = await context.OpenAsync(cancellationToken);
            var made = await kleene.Commit.MakeAsync(kleene.Containers.Find(context.Get(reference)), request, cancellationToken);
            context.Terminal.Output.WriteLine(made.Id);
            return ExitCodes.Done;
        });
        return command;
    }

    private static ImageConfig Change(ImageConfig config, string instruction)
    {
        try
        {
            return ConfigChange.Apply(config, instruction);
        }
        catch (KleeneException exception)
        {
            throw new UsageException($"--change '{instruction}': {exception.Message}");
        }
    }
}
