using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene builds</c>: builds that were, what they asked, and what their commands printed.</summary>
internal static class BuildsCommands
{
    private static readonly Listing<BuildRecord> Columns = new(
        new("id", build => build.Id),
        new("name", build => build.Name),
        new("state", State),
        new("started", build => Times.Text(build.Started)),
        new("seconds", build => Seconds(build.Duration.TotalSeconds)),
        new("steps", build => Text(build.Detail.Steps.Length), (json, build) => json.WriteNumberValue(build.Detail.Steps.Length)),
        new("ran", build => Text(build.Ran), (json, build) => json.WriteNumberValue(build.Ran)),
        new("image", build => build.Image ?? ""),
        new("kleenefile", build => build.Detail.Kleenefile, InTable: false),
        new("context", build => build.Detail.Context, InTable: false));

    public static Command Create(string name, Verb verb) => new(name) { List(verb), Inspect(verb), Logs(verb), Remove(verb) };

    private static Command List(Verb verb)
    {
        var (format, quiet) = ListOptions.Create();
        var command = new Command("ls", "list builds, the latest first") { format, quiet };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            Columns.Print(context.Terminal.Output, kleene.Builds.List(), context.Get(format) ?? "table", context.Get(quiet));
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Inspect(Verb verb)
    {
        var references = References();
        var withFiles = new Option<bool>("--files") { Description = "with the files behind each digest: path, mode, size and hash" };
        var command = new Command("inspect", "show all that is known of builds: steps, keys and what they were made of") { references, withFiles };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var builds = kleene.Builds;
            var found = context.Get(references).Select(builds.Find).ToList();
            Columns.With(
                new("target", build => build.Detail.Target),
                new("message", build => build.Detail.Message ?? ""),
                new("stages", _ => "", (json, build) => WriteStages(json, build)),
                new("history", _ => "", (json, build) => WriteSteps(json, build, builds, context.Get(withFiles))))
                .Print(context.Terminal.Output, found, "json", quiet: false);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Logs(Verb verb)
    {
        var reference = new Argument<string>("BUILD") { Description = "the beginning of its id" };
        var only = new Option<int?>("--step") { Description = "only what this step printed", HelpName = "N" };
        var command = new Command("logs", "show what the commands of a build printed, on the streams that they printed it to") { reference, only };
        verb.Does(command, async (context, cancellationToken) =>
        {
            using var kleene = await context.OpenAsync(cancellationToken);
            var build = kleene.Builds.Find(context.Get(reference));
            var steps = build.Detail.Steps;
            if (context.Get(only) is { } number && (number < 1 || number > steps.Length))
            {
                throw new UsageException($"build {build.Id} has no step {number}; it has {steps.Length}");
            }

            var shown = 0;
            foreach (var line in BuildLog.Read(kleene.State, build.Id).Where(line => context.Get(only) is not { } one || line.Step == one))
            {
                if (line.Step != shown && context.Get(only) is null)
                {
                    shown = line.Step;
                    context.Terminal.Output.WriteLine($"Step {shown}/{steps.Length} : {steps.ElementAtOrDefault(shown - 1)?.Text}");
                }

                (line.Kind == OutputKind.Error ? context.Terminal.Error : context.Terminal.Output).WriteLine(line.Text);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Remove(Verb verb)
    {
        var references = new Argument<string[]>("BUILD") { Description = "the beginning of an id", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all", "-a") { Description = "all but those that are running" };
        var before = new Option<string?>("--before") { Description = "all that were begun before a time: 2026-01-31T12:00:00Z, or 720h ago", HelpName = "TIME" };
        var command = new Command("rm", "forget builds; images, snapshots and the cache stay") { references, all, before };
        verb.Does(command, async (context, cancellationToken) =>
        {
            var named = context.Get(references) ?? [];
            var limit = Times.Point(context.Get(before), DateTimeOffset.UtcNow, "--before");
            if (named.Length == 0 && !context.Get(all) && limit is null)
            {
                throw new UsageException("say which builds: by their ids, --before TIME or --all");
            }

            using var kleene = await context.OpenAsync(cancellationToken);
            var builds = kleene.Builds;
            var found = named.Select(builds.Find).ToList();
            if (found.FirstOrDefault(build => build.State == BuildState.Running) is { } running)
            {
                throw new KleeneException($"build {running.Id} is still running; stop it first");
            }

            if (context.Get(all) || limit is not null)
            {
                found.AddRange(builds.List().Where(build => build.State != BuildState.Running && (context.Get(all) || build.Started < limit)));
            }

            found = [.. found.DistinctBy(build => build.Id)];
            builds.Remove(found);
            foreach (var build in found)
            {
                BuildLog.Remove(kleene.State, build.Id);
                context.Terminal.Output.WriteLine(build.Id);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static void WriteStages(Utf8JsonWriter json, BuildRecord build)
    {
        json.WriteStartArray();
        foreach (var stage in build.Detail.Stages)
        {
            json.WriteStartObject();
            json.WriteNumber("index", stage.Index);
            json.WriteString("name", stage.Name);
            json.WriteString("place", stage.Place);
            json.WriteString("base", stage.Base);
            json.WriteString("base_key", stage.BaseKey);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteSteps(Utf8JsonWriter json, BuildRecord build, BuildStore builds, bool withFiles)
    {
        json.WriteStartArray();
        foreach (var step in build.Detail.Steps)
        {
            json.WriteStartObject();
            json.WriteNumber("step", step.Number);
            json.WriteNumber("stage", step.Stage);
            json.WriteString("place", step.Place);
            json.WriteString("text", step.Text);
            json.WriteString("state", step.State.ToString().ToLowerInvariant());
            json.WriteString("snapshot", step.Snapshot is { } snapshot ? $"@{snapshot}" : "");
            json.WriteNumber("duration_ms", step.DurationMilliseconds);
            json.WriteString("message", step.Message ?? "");
            WriteStatistics(json, step.Statistics);
            json.WriteString("key", step.Key);
            json.WritePropertyName("inputs");
            WriteInputs(json, builds.FindKey(step.Key), builds, withFiles);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Of a build that was profiled.</summary>
    private static void WriteStatistics(Utf8JsonWriter json, StepStatistics? statistics)
    {
        if (statistics is not null)
        {
            json.WriteStartObject("statistics");
            StatisticsJson.Write(json, statistics);
            json.WriteEndObject();
        }
    }

    /// <summary>Null when they were not recorded: the step ran before that was done.</summary>
    private static void WriteInputs(Utf8JsonWriter json, KeyRecord? record, BuildStore builds, bool withFiles)
    {
        if (record is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartArray();
        foreach (var input in record.Inputs)
        {
            json.WriteStartObject();
            json.WriteString("name", input.Name);
            json.WriteString("kind", input.Kind.ToString().ToLowerInvariant());
            if (input.Tree is { } tree)
            {
                json.WriteString("tree", tree);
            }

            json.WritePropertyName("values");
            json.WriteStrings(input.Values);
            if (input.Origins is { } origins)
            {
                json.WritePropertyName("origins");
                json.WriteStrings(origins.Select(origin => $"{origin.Source} {origin.Place}".TrimEnd()));
            }

            if (withFiles && input.Kind == KeyInputKind.Files)
            {
                json.WritePropertyName("files");
                WriteFiles(json, builds, input.Values[0]);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteFiles(Utf8JsonWriter json, BuildStore builds, string digest)
    {
        json.WriteStartArray();
        foreach (var file in builds.FindFiles(digest)?.Entries ?? [])
        {
            json.WriteStartObject();
            json.WriteString("path", file.Path.ToDisplay());
            json.WriteString("kind", file.Kind.ToString());
            json.WriteString("mode", Convert.ToString((int)file.Permissions, 8).PadLeft(4, '0'));
            json.WriteNumber("size", file.Size);
            json.WriteString("hash", file.Hash.ToString("x32", CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string State(BuildRecord build) => build.State.ToString().ToLowerInvariant();

    private static string Seconds(double seconds) => seconds.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static Argument<string[]> References() => new("BUILD") { Description = "the beginning of an id", Arity = ArgumentArity.OneOrMore };
}
