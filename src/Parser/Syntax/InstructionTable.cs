using Kleene.Build.Parser.Diagnostics;
using Kleene.Build.Parser.Planning.InstructionRules;
using Kleene.Build.Parser.Syntax.Instructions;
using Kleene.Build.Parser.Syntax.Kleene;

namespace Kleene.Build.Parser.Syntax;

/// <summary>
/// The instructions of the language: the grammar and the planning rule of each. A new instruction is one row here, one record
/// under <c>Instructions/</c> and one rule under <c>Planning/InstructionRules/</c>.
/// </summary>
internal static class InstructionTable
{
    public static readonly IReadOnlyList<InstructionDefinition> All =
    [
        InstructionDefinition.Of("FROM", "FROM IMAGE [AS NAME]", FromSyntax.Read, plan: null) with { ReadAsKleene = KleeneReader.From, Shape = ArgumentShape.Words, MayBeTrigger = false, Flags = ["platform"] },
        InstructionDefinition.Of("ARG", "ARG NAME[=default] ...", ArgSyntax.Read, ArgRule.Plan) with { ReadAsKleene = KleeneReader.Arg, Shape = ArgumentShape.Declarations, MayStandFirst = true },
        InstructionDefinition.Of("RUN", "RUN COMMAND or RUN [\"program\", \"argument\"]", RunSyntax.Read, RunRule.Plan) with
        {
            ReadAsKleene = KleeneReader.Run,
            Shape = ArgumentShape.Command,
            Flags = ["mount", "network", "security", "report"],
            RepeatableFlags = ["mount", "report"],
            AddedFlags = ["report"],
            LaterFlags = ["device"],
        },
        InstructionDefinition.Of("COPY", "COPY SOURCE ... DESTINATION", CopySyntax.Read, CopyRule.Plan) with
        {
            ReadAsKleene = KleeneReader.Copy,
            Shape = ArgumentShape.WordsOrArray,
            Flags = ["from", "chown", "chmod", "exclude", "link", "parents", "if-exists"],
            RepeatableFlags = ["exclude"],
            Switches = ["link", "parents", "if-exists"],
            AddedFlags = ["if-exists"],
        },
        InstructionDefinition.Of("ADD", "ADD SOURCE ... DESTINATION", CopySyntax.Read, AddRule.Plan) with
        {
            Shape = ArgumentShape.WordsOrArray,
            Flags = ["chown", "chmod", "exclude", "link", "unpack", "checksum", "keep-git-dir"],
            RepeatableFlags = ["exclude"],
            Switches = ["link", "unpack", "keep-git-dir"],
        },
        InstructionDefinition.Of("WORKDIR", "WORKDIR DIRECTORY", WorkdirSyntax.Read, WorkdirRule.Plan) with { ReadAsKleene = KleeneReader.Workdir },
        InstructionDefinition.Of("ENV", "ENV NAME=value ...", EnvSyntax.Read, EnvRule.Plan) with { ReadAsKleene = KleeneReader.Env, Shape = ArgumentShape.Pairs },
        InstructionDefinition.Of("LABEL", "LABEL NAME=value ...", LabelSyntax.Read, LabelRule.Plan) with { Shape = ArgumentShape.Pairs },
        InstructionDefinition.Of("USER", "USER NAME[:GROUP]", UserSyntax.Read, UserRule.Plan) with { ReadAsKleene = KleeneReader.User },
        InstructionDefinition.Of("CMD", "CMD COMMAND or CMD [\"program\", \"argument\"]", CmdSyntax.Read, CmdRule.Plan) with { ReadAsKleene = KleeneReader.Cmd, Shape = ArgumentShape.Command },
        InstructionDefinition.Of("ENTRYPOINT", "ENTRYPOINT COMMAND or ENTRYPOINT [\"program\", \"argument\"]", EntrypointSyntax.Read, EntrypointRule.Plan) with { Shape = ArgumentShape.Command },
        InstructionDefinition.Of("SHELL", "SHELL [\"program\", \"argument\"]", ShellSyntax.Read, ShellRule.Plan) with { Shape = ArgumentShape.Command },
        InstructionDefinition.Of("EXPOSE", "EXPOSE PORT[/PROTOCOL] ...", ExposeSyntax.Read, ExposeRule.Plan) with { Shape = ArgumentShape.Words },
        InstructionDefinition.Of("STOPSIGNAL", "STOPSIGNAL SIGNAL", StopSignalSyntax.Read, StopSignalRule.Plan),
        InstructionDefinition.Of("VOLUME", "VOLUME DIRECTORY ...", VolumeSyntax.Read, VolumeRule.Plan) with { Shape = ArgumentShape.WordsOrArray },
        InstructionDefinition.Of("MAINTAINER", "MAINTAINER NAME", MaintainerSyntax.Read, MaintainerRule.Plan) with { MayBeTrigger = false },
        InstructionDefinition.Of("HEALTHCHECK", "HEALTHCHECK [--interval=30s ...] CMD COMMAND or HEALTHCHECK NONE", HealthcheckSyntax.Read, HealthcheckRule.Plan) with
        {
            Shape = ArgumentShape.Check,
            Flags = ["interval", "timeout", "start-period", "start-interval", "retries"],
        },
        InstructionDefinition.Of("ONBUILD", "ONBUILD INSTRUCTION", OnBuildSyntax.Read, OnBuildRule.Plan) with { MayBeTrigger = false },
        Addition("INCLUDE", "INCLUDE FILE", ArgumentShape.WordsOrArray, IncludeSyntax.Read),
        Addition("IF", "IF CONDITION", ArgumentShape.Condition, IfSyntax.Read),
        Addition("ELSE", "ELSE or ELSE IF CONDITION", ArgumentShape.Condition, ElseSyntax.Read),
        Addition("END", "END", ArgumentShape.Condition, EndSyntax.Read),
    ];

    private static readonly Dictionary<string, InstructionDefinition> ByName = All.ToDictionary(row => row.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>A row of what Docker's language does not have; the planner itself acts on it.</summary>
    private static InstructionDefinition Addition<T>(string name, string form, ArgumentShape shape, Func<InstructionHead, DiagnosticBag, T?> read)
        where T : InstructionSyntax =>
        InstructionDefinition.Of(name, form, read, plan: null) with { Shape = shape, MayStandFirst = true, MayBeTrigger = false, IsAddition = true };

    public static IEnumerable<string> Names => All.Select(row => row.Name);

    /// <summary>The row of an instruction, in whatever case it is written; null when there is none.</summary>
    public static InstructionDefinition? Find(string name) => ByName.GetValueOrDefault(name);
}
