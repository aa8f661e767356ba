using System.CommandLine;
using Kleene.Build.Builder;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Agents;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Processes;

namespace Kleene.Build.Cli.Commands;

/// <summary>The options of a build that say what its commands get beside their files.</summary>
internal sealed class StepOptions
{
    private const string Insecure = "security.insecure";
    private const string HostNetwork = "network.host";

    /// <summary>What buildx asks consent for, too.</summary>
    private static readonly string[] Consents = [Insecure, HostNetwork];

    private readonly TextsOption secrets = new(SecretOption.Name) { Description = "what RUN --mount=type=secret gets and no image keeps", HelpName = "id=ID,src=FILE|env=NAME" };
    private readonly TextsOption agents = new("--ssh") { Description = "what RUN --mount=type=ssh gets: your agent, a socket or keys", HelpName = "ID[=PATH,…]" };
    private readonly TextsOption allow = new("--allow") { Description = "agree to what a Kleenefile asks for: security.insecure, network.host", HelpName = "CONSENT" };
    private readonly TextsOption mounts = new("--mount", "-m") { Description = "a directory of the host in RUN steps", HelpName = "SRC:DST[:ro]" };
    private readonly TextsOption environment = new("--env", "-e") { Description = "an environment entry of RUN steps; not in the image", HelpName = "NAME=value" };
    private readonly Option<string?> user = new("--user", "-u") { Description = "who runs the commands until a USER says otherwise", HelpName = "USER[:GROUP]" };
    private readonly TextsOption ulimits = new("--ulimit") { Description = "a bound of each process in RUN steps, such as nofile=1024", HelpName = "NAME=SOFT[:HARD]" };

    private readonly Option<string[]> parameters = JailParameterOption.Create("a parameter of jail(8) for RUN steps, which wins; FreeBSD only");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[secrets, agents, allow, mounts, environment, user, ulimits, parameters])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>All but the agents, which live as long as the build.</summary>
    public BuildRequest Apply(BuildRequest request, Context context) => request with
    {
        Secrets = SecretOption.Read(context.Get(secrets) ?? []),
        AllowInsecure = Consented(context.Get(allow) ?? []).Contains(Insecure),
        AllowHostNetwork = Consented(context.Get(allow) ?? []).Contains(HostNetwork),
        Mounts = [.. (context.Get(mounts) ?? []).Select(Mount)],
        JailParameters = [.. context.Get(parameters) ?? []],
        Ulimits = [.. (context.Get(ulimits) ?? []).Select(UlimitOption.Read)],
        Compile = request.Compile with
        {
            ExtraEnvironment = [.. OptionValues.Environment(context.Get(environment) ?? [])],
            CommandUser = context.Get(user) ?? "",
        },
    };

    public Task<SshAgents> OpenAgentsAsync(Context context, IProcessRunner processes, CancellationToken cancellationToken) =>
        context.Get(agents) is { Length: > 0 } wanted ? SshAgents.OpenAsync(wanted.Select(Agent), processes, cancellationToken) : Task.FromResult(SshAgents.None);

    private static (string Id, IReadOnlyList<string> Paths) Agent(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals switch
        {
            0 => throw new UsageException($"--ssh '{text}' has no id; write ID, or ID=PATH"),
            < 0 => (text, []),
            _ => (text[..equals], text[(equals + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries)),
        };
    }

    private static string[] Consented(string[] given) =>
        given.FirstOrDefault(consent => !Consents.Contains(consent)) is { } unknown
            ? throw new UsageException($"--allow '{unknown}' is nothing that is asked for{Suggestion.Hint(unknown, Consents)}")
            : given;

    private static JailMount Mount(string text) =>
        MountOption.Read(text, "--mount") is { Volume: "" } mount ? mount : throw new UsageException($"--mount '{text}': a build takes directories and files of the host; for what builds keep, write RUN --mount=type=cache");
}
