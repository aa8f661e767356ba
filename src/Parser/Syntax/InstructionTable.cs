using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Planning.InstructionRules;
using Kleene.Build.Parser.Syntax.Instructions;

namespace Kleene.Build.Parser.Syntax;

/// <summary>
/// The instructions of the language: the grammar and the planning rule of each. A new instruction is one row here, one record
/// under <c>Instructions/</c> and one rule under <c>Planning/InstructionRules/</c>.
/// </summary>
internal static class InstructionTable
{
    public static readonly IReadOnlyList<InstructionDefinition> All =
    [
        InstructionDefinition.Of("FROM", "FROM IMAGE [AS NAME]", FromSyntax.Read, plan: null) with { MayBeTrigger = false, Flags = ["platform"] },
        InstructionDefinition.Of("ARG", "ARG NAME[=default] ...", ArgSyntax.Read, ArgRule.Plan) with { MayStandFirst = true },
        InstructionDefinition.Of("RUN", "RUN COMMAND or RUN [\"program\", \"argument\"]", RunSyntax.Read, RunRule.Plan) with
        {
            TakesHeredocs = true,
            Flags = ["mount", "network", "security"],
            RepeatableFlags = ["mount"],
            LaterFlags = ["device"],
        },
        InstructionDefinition.Of("COPY", "COPY SOURCE ... DESTINATION", CopySyntax.Read, CopyRule.Plan) with
        {
            TakesHeredocs = true,
            Flags = ["from", "chown", "chmod", "exclude", "link", "parents", "if-exists"],
            RepeatableFlags = ["exclude"],
            Switches = ["link", "parents", "if-exists"],
            AddedFlags = ["if-exists"],
        },
        InstructionDefinition.Of("ADD", "ADD SOURCE ... DESTINATION", CopySyntax.Read, AddRule.Plan) with
        {
            TakesHeredocs = true,
            Flags = ["chown", "chmod", "exclude", "link", "unpack", "checksum", "keep-git-dir"],
            RepeatableFlags = ["exclude"],
            Switches = ["link", "unpack", "keep-git-dir"],
        },
        InstructionDefinition.Of("WORKDIR", "WORKDIR DIRECTORY", WorkdirSyntax.Read, WorkdirRule.Plan),
        InstructionDefinition.Of("ENV", "ENV NAME=value ...", EnvSyntax.Read, EnvRule.Plan),
        InstructionDefinition.Of("LABEL", "LABEL NAME=value ...", LabelSyntax.Read, LabelRule.Plan),
        InstructionDefinition.Of("USER", "USER NAME[:GROUP]", UserSyntax.Read, UserRule.Plan),
        InstructionDefinition.Of("CMD", "CMD COMMAND or CMD [\"program\", \"argument\"]", CmdSyntax.Read, CmdRule.Plan),
        InstructionDefinition.Of("ENTRYPOINT", "ENTRYPOINT COMMAND or ENTRYPOINT [\"program\", \"argument\"]", EntrypointSyntax.Read, EntrypointRule.Plan),
        InstructionDefinition.Of("SHELL", "SHELL [\"program\", \"argument\"]", ShellSyntax.Read, ShellRule.Plan),
        InstructionDefinition.Of("EXPOSE", "EXPOSE PORT[/PROTOCOL] ...", ExposeSyntax.Read, ExposeRule.Plan),
        InstructionDefinition.Of("STOPSIGNAL", "STOPSIGNAL SIGNAL", StopSignalSyntax.Read, StopSignalRule.Plan),
        InstructionDefinition.Of("VOLUME", "VOLUME DIRECTORY ...", VolumeSyntax.Read, VolumeRule.Plan),
        InstructionDefinition.Of("MAINTAINER", "MAINTAINER NAME", MaintainerSyntax.Read, MaintainerRule.Plan) with { MayBeTrigger = false },
        InstructionDefinition.Of("HEALTHCHECK", "HEALTHCHECK [--interval=30s ...] CMD COMMAND or HEALTHCHECK NONE", HealthcheckSyntax.Read, HealthcheckRule.Plan) with
        {
            Flags = ["interval", "timeout", "start-period", "start-interval", "retries"],
        },
        InstructionDefinition.Of("ONBUILD", "ONBUILD INSTRUCTION", OnBuildSyntax.Read, OnBuildRule.Plan) with { TakesHeredocs = true, MayBeTrigger = false },
        Addition("INCLUDE", "INCLUDE FILE", IncludeSyntax.Read),
        Addition("IF", "IF CONDITION", IfSyntax.Read),
        Addition("ELSE", "ELSE or ELSE IF CONDITION", ElseSyntax.Read),
        Addition("END", "END", EndSyntax.Read),
    ];

    private static readonly Dictionary<string, InstructionDefinition> ByName = All.ToDictionary(row => row.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>A row of what Docker's language does not have; the planner itself acts on it.</summary>
    private static InstructionDefinition Addition<T>(string name, string form, Func<InstructionHead, DiagnosticBag, T?> read)
        where T : InstructionSyntax =>
        InstructionDefinition.Of(name, form, read, plan: null) with { MayStandFirst = true, MayBeTrigger = false, IsAddition = true };

    public static IEnumerable<string> Names => All.Select(row => row.Name);

    /// <summary>The row of an instruction, in whatever case it is written; null when there is none.</summary>
    public static InstructionDefinition? Find(string name) => ByName.GetValueOrDefault(name);
}
