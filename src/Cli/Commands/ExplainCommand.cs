using System.CommandLine;
using Kleene.Build.Builder.Explaining;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Builds;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene explain</c>: why the steps of a build ran.</summary>
internal static class ExplainCommand
{
    public static Command Create(string name, Verb verb)
    {
        var reference = new Argument<string?>("IMAGE|BUILD") { Description = "an image, for the build that made it, or a build; the latest build otherwise", Arity = ArgumentArity.ZeroOrOne };
        var step = new Option<int?>("--step") { Description = "only this step", HelpName = "N" };
        var against = new Option<string?>("--against") { Description = "what it is held against; the nearest earlier build otherwise", HelpName = "IMAGE|BUILD" };
        var blame = new Option<bool>("--blame") { Description = "with the last git commit of each changed file of the context" };
        var format = new Option<string>("--format") { Description = "text or json", HelpName = "FORMAT", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        var command = new Command(name) { reference, step, against, blame, format };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var build = Find(kleene, context.Get(reference));
            var explanation = new BuildExplainer(kleene.Builds).Explain(build, context.Get(against) is { } other ? Find(kleene, other) : null);
            if (context.Get(step) is { } number)
            {
                explanation = explanation with { Steps = [.. explanation.Steps.Where(one => one.Step.Number == number)] };
                if (explanation.Steps.IsEmpty)
                {
                    throw new UsageException($"build {build.Id} has no step {number}; it has {build.Detail.Steps.Length}");
                }
            }

            var changes = context.Get(blame) ? await FileBlame.FindAsync(explanation, kleene.Fetcher.Git, cancellationToken) : FileBlame.None;
            if (context.Get(format) == "json")
            {
                context.Terminal.Output.WriteLine(ExplanationJson.Write(explanation, changes));
            }
            else
            {
                ExplanationText.Write(context.Terminal.Output, explanation, changes);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static BuildRecord Find(Composition kleene, string? reference)
    {
        var builds = kleene.Builds;
        if (reference is null)
        {
            return builds.Latest() ?? throw new KleeneException("there are no builds yet; 'kleene build' makes one");
        }

        if (builds.TryFind(reference) is { } build)
        {
            return build;
        }

        var image = kleene.Images.Find(reference).Image;
        return builds.FindByImage(image.Id) ?? throw new KleeneException($"no build is known that made image '{image.DisplayName}'; 'kleene builds ls' shows those that are");
    }
}
