using System.Collections.Immutable;
using System.CommandLine;
using Kleene.Build.Cli.Output;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Images;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>What a new container is asked to be: the options that <c>run</c> and <c>create</c> share, over the image's configuration.</summary>
internal sealed class ContainerOptions
{
    private readonly Argument<string> image = new("IMAGE") { Description = "name[:tag][@snapshot] or the beginning of an id" };
    private readonly Argument<string[]> words = new("COMMAND") { Description = "instead of the image's command", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> interactive = new("--interactive", "-i") { Description = "give it our standard input" };
    private readonly Option<bool> terminal = new("--tty", "-t") { Description = "give it a terminal" };
    private readonly Option<bool> remove = new("--rm") { Description = "remove the container when it ends" };
    private readonly Option<string?> containerName = new("--name") { Description = "its name; one is invented otherwise" };
    private readonly TextsOption environment = new("--env", "-e") { Description = "an environment entry", HelpName = "NAME=value" };
    private readonly Option<string?> user = new("--user", "-u") { Description = "who runs the command", HelpName = "USER[:GROUP]" };
    private readonly Option<string?> workdir = new("--workdir", "-w") { Description = "where the command starts", HelpName = "DIR" };
    private readonly Option<string?> entrypoint = new("--entrypoint") { Description = "instead of the image's entry point" };
    private readonly Option<string?> hostname = new("--hostname", "-h") { Description = "the name it sees itself by" };
    private readonly TextsOption environmentFiles = new("--env-file") { Description = "a file of such entries, one a line", HelpName = "FILE" };
    private readonly Option<string?> idFile = new("--cidfile") { Description = "where its id is written", HelpName = "FILE" };
    private readonly MountOptions mounts = new();
    private readonly NetworkOptions network = new();
    private readonly GrantOptions grants = new();
    private readonly LimitOptions limits = new();
    private readonly LifeOptions life = new();
    private readonly HealthOptions health = new();

    public void AddTo(Command command)
    {
        command.Arguments.Add(image);
        command.Arguments.Add(words);
        foreach (var option in (Option[])[interactive, terminal, remove, containerName, idFile, environment, environmentFiles, user, workdir, entrypoint, hostname])
        {
            command.Options.Add(option);
        }

        mounts.AddTo(command);
        network.AddTo(command);
        grants.AddTo(command);
        limits.AddTo(command);
        life.AddTo(command);
        health.AddTo(command);
    }

    /// <summary>Makes the container. Its tree is left to whoever starts it.</summary>
    /// <param name="detached">Whether nobody is there at its start to write to its input.</param>
    /// <param name="named">Whether it gets the name that was given.</param>
    public async Task<Container> CreateAsync(Context context, Composition kleene, bool detached, CancellationToken cancellationToken, bool named = true)
    {
        var entry = kleene.Images.Find(context.Get(image));
        var spec = Read(context, entry, kleene.Containers);
        if (entry.Entry is { Missing: [_, ..] missing })
        {
            context.Terminal.Error.WriteLine($"note: the step had {string.Join(", ", missing)}, which only its build has");
        }

        if (!spec.Network.Endpoints.IsEmpty && kleene.Networks.Barrier() is { } barrier)
        {
            context.Terminal.Error.WriteLine($"warning: {barrier}");
        }

        var container = await kleene.Lifecycle.CreateAsync(entry, spec, named ? NameIn(context) : null, cancellationToken);
        if (context.Get(idFile) is { Length: > 0 } file)
        {
            await File.WriteAllTextAsync(file, container.Id.ToString(), cancellationToken);
        }

        return container;
    }

    /// <summary>The name that was given; null when none was.</summary>
    public string? NameIn(Context context) => context.Get(containerName);

    /// <param name="containers">For the options that name another one.</param>
    private ContainerSpec Read(Context context, ImageEntry entry, ContainerStore containers)
    {
        var spec = new ContainerSpec
        {
            Argv = Argv(entry.Config, context.Get(entrypoint), context.Get(words)),
            Environment = [.. OptionValues.Merge([.. OptionValues.Merge(entry.Config.Env, entry.Entry?.Environment ?? [])], EnvironmentOf(context))],
            User = context.Get(user) ?? entry.Config.User,
            WorkingDirectory = context.Get(workdir) ?? (entry.Config.WorkingDir is "" ? "/" : entry.Config.WorkingDir),
            Hostname = context.Get(hostname) ?? "",
            Terminal = context.Get(terminal),
            KeepsInput = context.Get(interactive),
            RemoveAtExit = context.Get(remove),
        };
        spec = limits.Apply(grants.Apply(network.Apply(mounts.Apply(spec, entry, containers, context), context, entry.Config), context), context);
        return health.Apply(life.Apply(spec, entry.Config, context), entry.Config, context);
    }

    /// <summary>Whatever is refused before anything is opened.</summary>
    public void Check(Context context, bool detached)
    {
        mounts.Check(context);
        if (context.Get(idFile) is { } file && File.Exists(file))
        {
            throw new UsageException($"--cidfile '{file}' is there already; remove it, or name another");
        }

        if (!detached && context.Get(terminal) && !context.Terminal.InputIsTerminal)
        {
            throw new UsageException("--tty needs a terminal on our side; leave it out in pipes and scripts");
        }
    }

    private IEnumerable<string> EnvironmentOf(Context context) =>
        OptionValues.Environment((context.Get(environmentFiles) ?? []).SelectMany(OptionValues.EnvironmentFile).Concat(context.Get(environment) ?? []));

    /// <summary>ENTRYPOINT and CMD as the Dockerfile reference combines them; words of the user replace CMD, an entry point given here clears it.</summary>
    private static ImmutableArray<string> Argv(ImageConfig config, string? entrypoint, string[]? words)
    {
        ImmutableArray<string> first = entrypoint is null ? config.Entrypoint : entrypoint.Length == 0 ? [] : [entrypoint];
        ImmutableArray<string> rest = words is { Length: > 0 } ? [.. words] : entrypoint is null ? config.Cmd : [];
        return first.Length + rest.Length > 0
            ? [.. first, .. rest]
            : throw new KleeneException("the image has neither CMD nor ENTRYPOINT; say what to run behind its name");
    }
}
