using System.Collections.Immutable;
using System.CommandLine;
using Kleene.Build.Builder;
using Kleene.Build.Builder.Events;
using Kleene.Build.Builder.Explaining;
using Kleene.Build.Cli.Commands.Watching;
using Kleene.Build.Cli.Output;
using Kleene.Build.Cli.Output.Profiling;
using Kleene.Build.Parser.Linting;
using Kleene.Build.Runtime.Builds;
using Kleene.Build.Runtime.Images;
using Kleene.Build.Runtime.Networks;

namespace Kleene.Build.Cli.Commands;

/// <summary><c>kleene build</c>: progress to the error stream, the image's id as the last line of the output.</summary>
internal static class BuildCommand
{
    public static Command Create(string name, Verb verb)
    {
        var source = new KleenefileOptions();
        var steps = new StepOptions();
        var tags = new TextsOption("--tag", "-t") { Description = "a name of the image", HelpName = "NAME[:TAG]" };
        var noCache = new Option<string?>("--no-cache")
        {
            Description = "run every step, or those of some stages",
            HelpName = "STAGE,…",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var labels = new TextsOption("--label") { Description = "a label of the image", HelpName = "NAME=value" };
        var network = new Option<string?>("--network") { Description = "what RUN steps see: default, host, none or the name of a network", HelpName = "NETWORK" };
        var hosts = new TextsOption("--add-host") { Description = "a line of /etc/hosts in RUN steps", HelpName = "NAME:ADDRESS" };
        var memory = new Option<string?>("--memory") { Description = "upper bound of a RUN step, such as 512m", HelpName = "BYTES" };
        var cpus = new Option<double?>("--cpus") { Description = "upper bound of a RUN step, such as 1.5", HelpName = "N" };
        var processes = new Option<long?>("--pids-limit") { Description = "upper bound of processes in a RUN step", HelpName = "N" };
        var jobs = new Option<int>("--jobs") { Description = "steps at a time", HelpName = "N", DefaultValueFactory = _ => Environment.ProcessorCount };
        var progress = new Option<string>("--progress") { Description = "auto, tty, plain, json or quiet", HelpName = "FORM", DefaultValueFactory = _ => "auto" };
        progress.AcceptOnlyFromAmong("auto", "tty", "plain", "json", "quiet");
        var quiet = new Option<bool>("--quiet", "-q") { Description = "print only the image's id" };
        var idFile = new Option<string?>("--iidfile") { Description = "also write the image's id there", HelpName = "FILE" };
        var metadata = new Option<string?>("--metadata-file") { Description = "write there what was made, as JSON", HelpName = "FILE" };
        var remove = new Option<bool>("--rm") { Description = "keep nothing of a build that fails" };

        var resume = new Option<string?>("--resume")
        {
            Description = "go on from NAME:failed@dirty as it was repaired in a container; the newest of it, or this one",
            HelpName = "CONTAINER",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var expectCached = new Option<bool>("--expect-cached") { Description = "fail and say why, before anything runs, when something would have to" };
        var explain = new Option<bool>("--explain") { Description = "say afterwards why each step ran" };
        var reports = new Option<string?>("--output-on-failure") { Description = "where the log of a step that fails and its RUN --report=PATH go", HelpName = "DIR" };
        var profile = new TextsOption("--profile") { Description = "write there what each step took: FILE.html to look at, FILE.json for speedscope", HelpName = "FILE" };
        var watch = new Option<bool>("--watch") { Description = "build again whenever something changes that the build reads, until interrupted" };
        var run = new Option<string?>("--run") { Description = "with --watch, and last: run each image with these options of 'kleene run', in the place of the one before", HelpName = OptionsFirst.Rest };
        var check = new Option<bool>("--check") { Description = "check the Kleenefile, and build nothing" };

        var command = new Command(name)
        {
            source.Context, tags, noCache, labels, network, hosts, memory, cpus, processes, jobs, progress, quiet, idFile, metadata, remove, resume, expectCached, explain, reports, profile, watch, run, check,
        };
        source.AddTo(command);
        steps.AddTo(command);
        verb.Does(command, async (context, cancellationToken) =>
        {
            if (context.Get(watch) || context.Get(run) is not null)
            {
                return await WatchAsync(context, cancellationToken);
            }

            using var kleenefile = await source.ReadAsync(context, cancellationToken);
            if (context.Get(check))
            {
                return CheckCommand.Check(kleenefile, context);
            }

            var request = RequestOf(kleenefile, context);
            using var profiles = ProfileFiles.Open(context.Get(profile) ?? []);
            using var kleene = await context.OpenAsync(cancellationToken);
            using var files = kleenefile.OpenContext(kleene.State.Contexts);
            await using var agents = await steps.OpenAgentsAsync(context, kleene.Processes, cancellationToken);
            request = request with { Context = files, NamedContexts = kleenefile.Named.Open(kleene.State.Contexts), Agents = agents, Profile = profiles?.Timeline };
            var form = context.Get(quiet) ? "quiet" : context.Get(progress) ?? "auto";
            var printer = Printer(form, context);
            var resumed = context.Get(resume) is { } container
                ? await ResumedBuild.OpenAsync(kleene, NameOf(request), container == OptionsFirst.Everything ? null : container, cancellationToken)
                : null;
            var (image, build) = await BuildAsync(kleene, request with { Repair = resumed?.Repair }, printer, profiles, resumed, context.Terminal.Error, cancellationToken);
            profiles?.Write(TitleOf(request), context.Terminal);
            if (build is { } id && (context.Get(explain) || (image is null && request.ExpectsCached)))
            {
                Explain(kleene, id, context.Terminal.Error);
            }

            if (image is null && build is not null && request.OutputOnFailure is { } outside)
            {
                WriteLog(kleene, build, outside);
            }

            if (image is null)
            {
                return build is null ? ExitCodes.Usage : ExitCodes.Failed;
            }

            Tell(image, context.Get(idFile), context.Get(metadata), context.Terminal.Output);
            return ExitCodes.Done;
        });
        return command;

        // But for its contexts and agents, which are opened for each build.
        BuildRequest RequestOf(Kleenefile kleenefile, Context context)
        {
            var stages = context.Get(noCache);
            return steps.Apply(new BuildRequest
            {
                Source = kleenefile.Source,
                Compile = kleenefile.Compile with { Lint = LintLevel.Warnings },
                Tags = [.. (context.Get(tags) ?? []).Select(OptionValues.ImageName)],
                NoCache = stages == OptionsFirst.Everything,
                NoCacheStages = stages is null or OptionsFirst.Everything ? [] : [.. stages.Split(',', StringSplitOptions.RemoveEmptyEntries)],
                Network = context.Get(network) is { Length: > 0 } named ? named is "disabled" ? "none" : named : Network.DefaultName,
                ExtraHosts = [.. (context.Get(hosts) ?? []).Select(OptionValues.Host)],
                Limits = OptionValues.Limits(context.Get(memory), context.Get(cpus), context.Get(processes)),
                Labels = (context.Get(labels) ?? []).Select(label => OptionValues.Pair(label, "--label"))
                    .ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value ?? "", StringComparer.Ordinal),
                Jobs = context.Get(jobs),
                KeepFailed = !context.Get(remove),
                ExpectsCached = context.Get(expectCached),
                OutputOnFailure = context.Get(reports) is { } directory ? Path.GetFullPath(directory) : null,
            }, context);
        }

        async Task<int> WatchAsync(Context context, CancellationToken cancellationToken)
        {
            RefuseToWatch(context, context.Get(source.Context), [check, expectCached], context.Get(resume) is not null ? resume : context.Get(profile) is { Length: > 0 } ? profile : null);
            if (!context.Get(watch))
            {
                throw new UsageException("--run runs what --watch builds; give both, or use 'kleene run' with the image's name");
            }

            var words = context.Get(run) is { } rest ? new RunWords(context, OptionsFirst.RestOf(rest)) : null;
            using var kleene = await context.OpenAsync(cancellationToken);
            await using var agents = await steps.OpenAgentsAsync(context, kleene.Processes, cancellationToken);
            var form = context.Get(quiet) ? "quiet" : context.Get(progress) ?? "auto";
            string[] written = [.. ((string?[])[context.Get(idFile), context.Get(metadata)]).OfType<string>().Select(Path.GetFullPath)];
            return await new WatchedBuild(
                context.Terminal,
                kleene,
                token => source.ReadAsync(context, token),
                kleenefile => RequestOf(kleenefile, context) with { Agents = agents },
                () => form is "auto" or "quiet" ? null : Printer(form, context),
                words is null ? null : new SwappedContainer(kleene, words),
                image => Tell(image, context.Get(idFile), context.Get(metadata), words is null ? context.Terminal.Output : null),
                written.ToHashSet(StringComparer.Ordinal)).RunAsync(cancellationToken);
        }
    }

    /// <summary>What has no sense for a build that is made again and again.</summary>
    private static void RefuseToWatch(Context context, string place, Option<bool>[] flags, Option? given)
    {
        if ((flags.FirstOrDefault(context.Get) ?? given) is { } refused)
        {
            throw new UsageException($"{refused.Name} and --watch do not go together");
        }

        if (!Directory.Exists(place))
        {
            throw new UsageException($"--watch needs a directory, and '{place}' is none");
        }
    }

    /// <summary>The image to whom it may concern.</summary>
    private static void Tell(Image image, string? idFile, string? metadata, TextWriter? output)
    {
        if (idFile is not null)
        {
            File.WriteAllText(idFile, image.Id);
        }

        if (metadata is not null)
        {
            BuildMetadata.Write(metadata, image);
        }

        output?.WriteLine(image.Id);
        output?.Flush();
    }

    /// <summary>What the step that failed has printed.</summary>
    private static void WriteLog(Composition kleene, string id, string directory)
    {
        if (kleene.Builds.TryFind(id)?.Detail.Steps.FirstOrDefault(step => step.State == RecordedStepState.Failed) is { } failed)
        {
            Directory.CreateDirectory(directory);
            File.WriteAllLines(Path.Join(directory, "step.log"), BuildLog.Read(kleene.State, id).Where(line => line.Step == failed.Number).Select(line => line.Text));
        }
    }

    /// <summary>Names where there are some, else the directory.</summary>
    private static string TitleOf(BuildRequest request) =>
        request.Tags.Length > 0 ? string.Join(", ", request.Tags) : request.Context is { } context ? Path.GetFileName(context.Files.Root.HostPath.TrimEnd('/')) : request.Source.Path;

    private static ImageReference NameOf(BuildRequest request) =>
        request.Tags is [var name, ..] ? name : throw new UsageException("--resume needs the name of the build that failed; give it with --tag");

    /// <summary>To the error stream, which has the progress too: the output is the image's id.</summary>
    private static void Explain(Composition kleene, string id, TextWriter writer)
    {
        // One that could not be written down has said so already.
        if (kleene.Builds.TryFind(id) is { } build)
        {
            ExplanationText.Write(writer, new BuildExplainer(kleene.Builds).Explain(build), FileBlame.None);
        }
    }

    /// <returns>The image, and the id of the build; null when there was no plan at all.</returns>
    private static async Task<(Image? Image, string? Build)> BuildAsync(
        Composition kleene, BuildRequest request, IBuildPrinter printer, ProfileFiles? profiles, ResumedBuild? resumed, TextWriter writer, CancellationToken cancellationToken)
    {
        try
        {
            var built = await BuildAsync(kleene, request, printer, profiles, cancellationToken);
            resumed?.Write(writer);
            return built;
        }
        finally
        {
            if (resumed is not null)
            {
                // A build that could not use the repaired files leaves them to nobody.
                await kleene.Snapshots.RemoveUnusedAsync([resumed.Repair.Snapshot], CancellationToken.None);
            }
        }
    }

    private static async Task<(Image? Image, string? Build)> BuildAsync(
        Composition kleene, BuildRequest request, IBuildPrinter printer, ProfileFiles? profiles, CancellationToken cancellationToken)
    {
        using var drawing = printer as IDisposable;
        Image? image = null;
        string? build = null;
        await foreach (var happened in kleene.Builder.BuildAsync(request, cancellationToken))
        {
            profiles?.Note(happened);
            printer.Print(happened);
            build ??= (happened as BuildEvent.Started)?.Build;
            image = (happened as BuildEvent.Completed)?.Image;
        }

        return (image, build);
    }

    private static IBuildPrinter Printer(string form, Context context)
    {
        var writer = context.Terminal.Error;
        return form switch
        {
            "json" => new JsonProgress(writer, TimeProvider.System),
            "quiet" => new QuietProgress(writer),
            "tty" => new LiveProgress(writer, TimeProvider.System, context.HasColor),
            "auto" when context.Terminal.ErrorIsTerminal => new LiveProgress(writer, TimeProvider.System, context.HasColor),
            _ => new PlainProgress(writer),
        };
    }
}
