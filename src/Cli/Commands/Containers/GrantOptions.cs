using System.Collections.Immutable;
using System.CommandLine;
using Kleene.Build.Runtime;
using Kleene.Build.Runtime.Containers;
using Kleene.Build.Runtime.Jails;
using Kleene.Build.Runtime.Jails.Linux.Seccomp;
using Kleene.Build.Runtime.Users;

namespace Kleene.Build.Cli.Commands.Containers;

/// <summary>What the superuser and the programs of a container may do, beyond or below the usual.</summary>
internal sealed class GrantOptions
{
    private const string NoNewPrivileges = "no-new-privileges";

    private readonly Option<bool> readOnly = new("--read-only") { Description = "its root cannot be written; mount what has to be" };
    private readonly Option<bool> privileged = new("--privileged") { Description = "grant everything that can be granted; it is no wall any more" };
    private readonly TextsOption add = new("--cap-add") { Description = "grant a capability, or ALL", HelpName = "CAPABILITY" };
    private readonly TextsOption drop = new("--cap-drop") { Description = "take a usual capability away, or ALL", HelpName = "CAPABILITY" };
    private readonly TextsOption security = new("--security-opt") { Description = "seccomp=FILE, seccomp=unconfined or no-new-privileges[=false]", HelpName = "OPTION" };
    private readonly TextsOption devices = new(DeviceOption.Name) { Description = "let it open a device of the host", HelpName = "HOST[:CONTAINER[:rwm]]" };
    private readonly TextsOption groups = new("--group-add") { Description = "a further group of its first process", HelpName = "GROUP" };
    private readonly TextsOption sysctls = new("--sysctl") { Description = "a setting of its own part of the kernel", HelpName = "NAME=VALUE" };
    private readonly Option<bool> init = new("--init") { Description = "let a small init pass signals on and wait for orphans" };

    private readonly Option<string> users = new("--userns") { Description = "auto: give it user ids of its own, so that its root is nobody on the host", HelpName = "auto|host" };

    private readonly Option<string[]> parameters = JailParameterOption.Create("a parameter of its jail(8), which wins; FreeBSD only");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[readOnly, privileged, add, drop, security, devices, groups, sysctls, init, users, parameters])
        {
            command.Options.Add(option);
        }
    }

    public ContainerSpec Apply(ContainerSpec spec, Context context)
    {
        var grants = new JailGrants
        {
            IsPrivileged = context.Get(privileged),
            AddedCapabilities = Capabilities(context, add),
            DroppedCapabilities = Capabilities(context, drop),
            Devices = [.. (context.Get(devices) ?? []).Select(DeviceOption.Read)],
            Groups = [.. (context.Get(groups) ?? []).Select(Group)],
            Sysctls = [.. (context.Get(sysctls) ?? []).Select(Sysctl)],
            HasInit = context.Get(init),
        };
        return spec with { ReadOnlyRoot = context.Get(readOnly), Parameters = [.. context.Get(parameters) ?? []], Users = Users(context.Get(users)), Grants = (context.Get(security) ?? []).Aggregate(grants, Security) };
    }

    private static UserRange? Users(string? text) => text switch
    {
        null or "host" => null,
        "auto" => UserRange.Any,
        _ => throw new UsageException($"--userns '{text}' is not known{Suggestion.Hint(text, ["auto", "host"])}; there are auto and host"),
    };

    private static ImmutableArray<string> Capabilities(Context context, Option<string[]> option) =>
        [.. (context.Get(option) ?? []).SelectMany(text => text.Split(',')).Select(text => Capability(text, option.Name)).Distinct()];

    /// <summary>In any case of letters, with or without <c>CAP_</c>.</summary>
    private static string Capability(string text, string option)
    {
        var upper = text.ToUpperInvariant();
        var name = upper.StartsWith("CAP_", StringComparison.Ordinal) ? upper["CAP_".Length..] : upper;
        return name == JailGrants.All || JailGrants.Capabilities.Contains(name)
            ? name
            : throw new UsageException($"{option} '{text}' is not a capability{Suggestion.Hint(name, JailGrants.Capabilities)}; capabilities(7) lists them");
    }

    private static JailGrants Security(JailGrants grants, string text)
    {
        // Docker takes a colon too.
        var separator = text.IndexOfAny(['=', ':']);
        var (name, value) = separator < 0 ? (text, "") : (text[..separator], text[(separator + 1)..]);
        return (name, value) switch
        {
            (NoNewPrivileges, "" or "true") => grants with { AllowsNewPrivileges = false },
            (NoNewPrivileges, "false") => grants with { AllowsNewPrivileges = true },
            ("seccomp", "unconfined") => grants with { AllowsAllSystemCalls = true, SystemCallProfile = "" },
            ("seccomp", { Length: > 0 }) => grants with { AllowsAllSystemCalls = false, SystemCallProfile = Profile(value) },
            _ => throw new UsageException($"--security-opt '{text}' is not known here; there are seccomp=FILE, seccomp=unconfined and {NoNewPrivileges}[=false]"),
        };
    }

    /// <summary>What is in the file is kept with the container, which may be started when the file is gone.</summary>
    private static string Profile(string path)
    {
        try
        {
            var text = File.ReadAllText(path);
            _ = DockerProfile.Parse(text);
            return text;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or KleeneException)
        {
            throw new UsageException($"--security-opt seccomp={path}: {exception.Message}");
        }
    }

    private static string Group(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
            ? text
            : throw new UsageException($"--group-add '{text}' is not the name or number of a group");

    private static string Sysctl(string text)
    {
        try
        {
            _ = JailSysctl.Parse(text);
            return text;
        }
        catch (KleeneException exception)
        {
            throw new UsageException($"--sysctl: {exception.Message}");
        }
    }
}
