using System.Collections.Immutable;
using static Kleene.Build.Parser.Diagnostics.DiagnosticSeverity;

namespace Kleene.Build.Parser.Diagnostics;

/// <summary>The catalogue of everything the compiler can find. Ids are never reused; a new rule goes to the end.</summary>
public static class Rules
{
    public static readonly DiagnosticRule UnknownInstruction = new(
        "KB0001", "UnknownInstruction", Error, "An instruction that the language does not have", "correct the first word of the line");

    public static readonly DiagnosticRule InstructionBeforeFrom = new(
        "KB0002", "InstructionBeforeFrom", Error, "Only ARG may stand before the first FROM", "move the instruction below a FROM");

    public static readonly DiagnosticRule NoStage = new(
        "KB0003", "NoStage", Error, "A file without FROM builds nothing", "begin with FROM and the image to start from");

    public static readonly DiagnosticRule DuplicateDirective = new(
        "KB0004", "DuplicateDirective", Error, "A parser directive given twice", "keep one of the two lines");

    public static readonly DiagnosticRule InvalidEscapeDirective = new(
        "KB0005", "InvalidEscapeDirective", Error, "An escape character that is neither backslash nor backquote", "write # escape=` or leave the line out");

    public static readonly DiagnosticRule UnterminatedHeredoc = new(
        "KB0006", "UnterminatedHeredoc", Error, "A heredoc without its end", "add a line that holds the name alone");

    public static readonly DiagnosticRule NoEmptyContinuation = new(
        "KB0007", "NoEmptyContinuation", Warning, "An empty line inside a continued instruction", "remove the empty line, or make it a comment") { IsBuildKits = true };

    public static readonly DiagnosticRule NotSupportedYet = new(
        "KB0008", "NotSupportedYet", Error, "A part of the language that this version does not build", "say it in another way for now");

    public static readonly DiagnosticRule UnknownFlag = new(
        "KB0009", "UnknownFlag", Error, "A flag that the instruction does not have", "correct or remove the flag");

    public static readonly DiagnosticRule InvalidFlag = new(
        "KB0010", "InvalidFlag", Error, "A flag without its value, given twice, or with a value that cannot be", "give the flag once, with a value");

    public static readonly DiagnosticRule MalformedInstruction = new(
        "KB0011", "MalformedInstruction", Error, "Arguments that do not fit the instruction", "see the form of the instruction in the message");

    public static readonly DiagnosticRule UndefinedStage = new(
        "KB0012", "UndefinedStage", Error, "A stage that is not in the file", "correct the name; write name:tag when an image is meant");

    public static readonly DiagnosticRule ForwardStageReference = new(
        "KB0013", "ForwardStageReference", Error, "A stage that is defined only later", "move the stage up: stages see only those above them");

    public static readonly DiagnosticRule NonStringInArray = new(
        "KB0014", "NonStringInArray", Error, "A JSON array with something else than strings", "put the element in double quotes");

    public static readonly DiagnosticRule JsonFormNotParsed = new(
        "KB0015", "JsonFormNotParsed", Warning, "Looks like the JSON form but is not JSON, so a shell will run it", "use double quotes, and commas between the elements");

    public static readonly DiagnosticRule UnterminatedQuote = new(
        "KB0016", "UnterminatedQuote", Error, "A quote that is not closed", "close the quote; for names with spaces use the JSON form");

    public static readonly DiagnosticRule BadSubstitution = new(
        "KB0017", "BadSubstitution", Error, "A ${...} that cannot be read", "write ${name}, or ${name:-value}");

    public static readonly DiagnosticRule RequiredVariable = new(
        "KB0018", "RequiredVariable", Error, "A variable that the file insists on has no value", "give it by ARG, ENV or --build-arg");

    public static readonly DiagnosticRule UndefinedVariable = new(
        "KB0019", "UndefinedVar", Warning, "A variable that nothing has defined", "declare it by ARG or ENV, or correct the name") { IsBuildKits = true };

    public static readonly DiagnosticRule UndefinedArgInFrom = new(
        "KB0020", "UndefinedArgInFrom", Warning, "FROM uses an ARG that is not declared above it", "declare it by ARG before the first FROM") { IsBuildKits = true };

    public static readonly DiagnosticRule EmptyValue = new(
        "KB0021", "EmptyValue", Error, "A word that is empty once its variables are replaced", "give the variable a value or a default");

    public static readonly DiagnosticRule InvalidName = new(
        "KB0022", "InvalidName", Error, "A name with characters that it cannot have", "use letters, digits and _ for variables, also - and . for stages");

    public static readonly DiagnosticRule DuplicateStageName = new(
        "KB0023", "DuplicateStageName", Warning, "Two stages with one name", "rename one: the name means the nearest stage above") { IsBuildKits = true };

    public static readonly DiagnosticRule StageNameCasing = new(
        "KB0024", "StageNameCasing", Warning, "A stage name with capital letters", "write it in lower case") { IsBuildKits = true };

    public static readonly DiagnosticRule ReservedStageName = new(
        "KB0025", "ReservedStageName", Warning, "A stage with a name that means something else", "rename the stage") { IsBuildKits = true };

    public static readonly DiagnosticRule UndefinedTarget = new(
        "KB0026", "UndefinedTarget", Error, "The target asked for is not in the file", "give --target the name or number of a stage");

    public static readonly DiagnosticRule UnusedBuildArgument = new(
        "KB0027", "UnusedBuildArgument", Warning, "A build argument that no ARG declares", "correct the name, or declare it by ARG");

    public static readonly DiagnosticRule CopyNeedsDirectory = new(
        "KB0028", "CopyNeedsDirectory", Warning, "Several sources into what does not look like a directory", "end the destination with /");

    public static readonly DiagnosticRule PathOutsideContext = new(
        "KB0029", "PathOutsideContext", Warning, "A source above the build context, which ends there", "leave out the '..', or build from the directory above");

    public static readonly DiagnosticRule CopyOfUrl = new(
        "KB0030", "CopyOfUrl", Error, "COPY takes files, not addresses", "use ADD, which fetches, or put the file into the context");

    public static readonly DiagnosticRule InvalidPort = new(
        "KB0031", "InvalidPort", Error, "A port that cannot be", "write PORT, PORT/PROTOCOL or FIRST-LAST, numbers to 65535");

    public static readonly DiagnosticRule ExposeInvalidFormat = new(
        "KB0032", "ExposeInvalidFormat", Warning, "EXPOSE with an address or a port of the host", "name the container's port only; publish when it is run") { IsBuildKits = true };

    public static readonly DiagnosticRule ExposeProtoCasing = new(
        "KB0033", "ExposeProtoCasing", Warning, "A protocol in capital letters", "write it in lower case") { IsBuildKits = true };

    public static readonly DiagnosticRule InvalidSignal = new(
        "KB0034", "InvalidSignal", Error, "A signal that no system has", "give a name such as SIGTERM, or a number");

    public static readonly DiagnosticRule WorkdirRelativePath = new(
        "KB0035", "WorkdirRelativePath", Warning, "A relative WORKDIR that depends on the base image", "write the whole path, from /") { IsBuildKits = true };

    public static readonly DiagnosticRule LegacyKeyValueFormat = new(
        "KB0036", "LegacyKeyValueFormat", Warning, "NAME and value without = between them", "write NAME=value") { IsBuildKits = true };

    public static readonly DiagnosticRule MaintainerDeprecated = new(
        "KB0037", "MaintainerDeprecated", Warning, "MAINTAINER is an old form of a label", "write LABEL org.opencontainers.image.authors=\"...\"") { IsBuildKits = true };

    public static readonly DiagnosticRule MultipleInstructionsDisallowed = new(
        "KB0038", "MultipleInstructionsDisallowed", Warning, "An instruction of which only the last one counts", "remove the earlier one") { IsBuildKits = true };

    public static readonly DiagnosticRule UnknownCheck = new(
        "KB0039", "UnknownCheck", Warning, "A check directive that names no rule or option", "write skip=RULE,RULE or error=true");

    public static readonly DiagnosticRule FromNamesLaterStage = new(
        "KB0040", "FromNamesLaterStage", Warning, "FROM takes an image that has the name of a later stage", "move the stage up, or write name:tag for the image");

    public static readonly DiagnosticRule NulCharacter = new(
        "KB0041", "NulCharacter", Error, "A NUL character", "save the file as text in UTF-8");

    public static readonly DiagnosticRule MisplacedChecksum = new(
        "KB0042", "MisplacedChecksum", Error, "A checksum that is not of one thing that is fetched", "give --checksum with one http, https or git source, in an ADD of its own");

    public static readonly DiagnosticRule InvalidAddress = new(
        "KB0043", "InvalidAddress", Error, "An address that cannot be fetched from", "write https://host/path, or https://host/repository.git#reference:directory");

    public static readonly DiagnosticRule EmptyDestination = new(
        "KB0044", "EmptyDestination", Warning, "A destination that is empty once its variables are replaced", "give the variable a value, or write ./ for the working directory");

    public static readonly DiagnosticRule UnknownMountKey = new(
        "KB0050", "UnknownMountKey", Error, "A key that this type of mount does not have", "correct the key, or say another type=");

    public static readonly DiagnosticRule InvalidMountValue = new(
        "KB0051", "InvalidMountValue", Error, "A value of --mount that cannot be", "see what is expected in the message");

    public static readonly DiagnosticRule IncompleteMount = new(
        "KB0052", "IncompleteMount", Error, "A mount that lacks what its type needs", "add what the message names");

    public static readonly DiagnosticRule DuplicateMountTarget = new(
        "KB0053", "DuplicateMountTarget", Error, "Two mounts of one command in one place", "give one of them another target");

    public static readonly DiagnosticRule VariableInMountFrom = new(
        "KB0054", "VariableInMountFrom", Error, "A variable in the from of a mount", "name the image in a FROM ... AS of its own, and mount from that stage");

    public static readonly DiagnosticRule FromAsCasing = new(
        "KB0060", "FromAsCasing", Warning, "FROM and AS in different case",
        "write both in capital letters, or both in small ones") { IsBuildKits = true };

    public static readonly DiagnosticRule ConsistentInstructionCasing = new(
        "KB0061", "ConsistentInstructionCasing", Warning, "Instructions in different case",
        "write all of them as most are written") { IsBuildKits = true };

    public static readonly DiagnosticRule JsonArgsRecommended = new(
        "KB0062", "JSONArgsRecommended", Warning, "CMD or ENTRYPOINT as text for a shell, which passes no signals on",
        "write a JSON array: [\"program\", \"argument\"]") { IsBuildKits = true };

    public static readonly DiagnosticRule RedundantTargetPlatform = new(
        "KB0064", "RedundantTargetPlatform", Warning, "FROM --platform with what it is anyway", "remove the flag") { IsBuildKits = true };

    public static readonly DiagnosticRule SecretsUsedInArgOrEnv = new(
        "KB0065", "SecretsUsedInArgOrEnv", Warning, "A secret in ARG or ENV, where everybody who has the image can read it",
        "give it to the one command that needs it: RUN --mount=type=secret") { IsBuildKits = true };

    public static readonly DiagnosticRule InvalidDefaultArgInFrom = new(
        "KB0066", "InvalidDefaultArgInFrom", Warning, "A FROM that names no image unless build arguments are given",
        "give the ARG above the first FROM a default") { IsBuildKits = true };

    public static readonly DiagnosticRule FromPlatformFlagConstDisallowed = new(
        "KB0067", "FromPlatformFlagConstDisallowed", Warning, "A stage that is tied to one platform",
        "leave the flag out, use $BUILDPLATFORM, or put the platform into the name of the stage") { IsBuildKits = true };

    public static readonly DiagnosticRule CopyIgnoredFile = new(
        "KB0068", "CopyIgnoredFile", Warning, "A source that the ignore file keeps out of the context",
        "correct the path, or take it back in the ignore file with a '!' line") { IsBuildKits = true };

    public static readonly DiagnosticRule InvalidDefinitionDescription = new(
        "KB0069", "InvalidDefinitionDescription", Warning, "A comment above a stage or an argument that does not begin with its name",
        "write '# NAME description', or leave an empty line below the comment") { IsBuildKits = true, IsExperimental = true };

    public static readonly DiagnosticRule StalePackageIndex = new(
        "KB0070", "StalePackageIndex", Warning, "Packages installed from an index that another step fetched",
        "update and install in one RUN: a cached index may be months old");

    public static readonly DiagnosticRule UnpinnedBaseImage = new(
        "KB0071", "UnpinnedBaseImage", Info, "An image without a version",
        "name a tag other than latest, or a digest, so that the same file gives the same image");

    public static readonly DiagnosticRule CopyBeforeInstall = new(
        "KB0072", "CopyBeforeInstall", Info, "All files are copied before the dependencies are installed",
        "copy the files that list the dependencies, install, then copy the rest");

    public static readonly DiagnosticRule EarlyArgument = new(
        "KB0073", "EarlyArgument", Info, "An argument declared before it is needed, so that its changes run steps again",
        "move the ARG down to the instruction that first uses it");

    public static readonly DiagnosticRule SecretFileInContext = new(
        "KB0074", "SecretFileInContext", Warning, "A file that looks like a secret is copied into the image",
        "put it into the ignore file, and give it to the one command that needs it: RUN --mount=type=secret");

    public static readonly DiagnosticRule AddWithoutChecksum = new(
        "KB0075", "AddWithoutChecksum", Warning, "A download that nothing checks", "add --checksum=sha256:... to the ADD");

    public static readonly DiagnosticRule WriteToVolume = new(
        "KB0076", "WriteToVolume", Info, "A command that writes into a directory after VOLUME has named it",
        "move the VOLUME below the commands that fill it");

    public static readonly DiagnosticRule SharedPackageCache = new(
        "KB0077", "SharedPackageCache", Warning, "A cache of a package manager that steps use at the same time", "add sharing=locked to the mount");

    public static readonly DiagnosticRule UselessSkip = new(
        "KB0078", "UselessSkip", Info, "A check=skip that keeps nothing back", "remove the name");

    public static readonly DiagnosticRule MissingSource = new(
        "KB0079", "MissingSource", Warning, "A source that is not in the build context", "correct the path; it starts from the root of the context");

    public static readonly DiagnosticRule CommentGoesOn = new(
        "KB0100", "CommentGoesOn", Warning, "A comment that takes the next line with it", "remove the escape character at the end of the comment");

    public static readonly DiagnosticRule KleeneReading = new(
        "KB0101", "KleeneReading", Warning, "A word that means something else to Kleene than to Docker", "write what Kleene understands, or leave out '# syntax=kleene'");

    public static readonly DiagnosticRule InvalidTrigger = new(
        "KB0105", "InvalidTrigger", Error, "An instruction that ONBUILD does not take", "leave out ONBUILD, or write the instruction into the files that start from the image");

    public static readonly DiagnosticRule MalformedCondition = new(
        "KB0106", "MalformedCondition", Error, "A condition that cannot be read", "write IF $NAME, IF $NAME == value, and combine them by !, && and ||, with blanks between");

    public static readonly DiagnosticRule UnbalancedBlock = new(
        "KB0107", "UnbalancedBlock", Error, "An IF without END, or an ELSE or END without IF", "close each IF by an END in the same file");

    public static readonly DiagnosticRule StageInsideCondition = new(
        "KB0108", "StageInsideCondition", Error, "A FROM between IF and END", "name the stages and choose by variable: FROM base-$FLAVOUR");

    public static readonly DiagnosticRule UnsettledCondition = new(
        "KB0109", "UnsettledCondition", Warning, "A condition that hangs on a base image which is not known", "plan where the image is there, or define the variable by ARG or ENV");

    public static readonly DiagnosticRule IncludeNotFound = new(
        "KB0110", "IncludeNotFound", Error, "An INCLUDE of a file that cannot be read", "correct the path; it starts from the directory of the including file");

    public static readonly DiagnosticRule IncludeCycle = new(
        "KB0111", "IncludeCycle", Error, "A file that includes itself, directly or through others", "move what both need into a third file");

    public static readonly DiagnosticRule InvalidBaseImagePlatform = new(
        "KB0112", "InvalidBaseImagePlatform", Warning, "A base image that was made for another platform", "take an image of the platform that FROM asks for, or change --platform") { IsBuildKits = true };

    /// <summary>Every rule, in the order of the ids.</summary>
    public static ImmutableArray<DiagnosticRule> All { get; } =
    [
        UnknownInstruction, InstructionBeforeFrom, NoStage, DuplicateDirective, InvalidEscapeDirective, UnterminatedHeredoc, NoEmptyContinuation,
        NotSupportedYet, UnknownFlag, InvalidFlag, MalformedInstruction, UndefinedStage, ForwardStageReference, NonStringInArray, JsonFormNotParsed,
        UnterminatedQuote, BadSubstitution, RequiredVariable, UndefinedVariable, UndefinedArgInFrom, EmptyValue, InvalidName, DuplicateStageName,
        StageNameCasing, ReservedStageName, UndefinedTarget, UnusedBuildArgument, CopyNeedsDirectory, PathOutsideContext, CopyOfUrl, InvalidPort,
        ExposeInvalidFormat, ExposeProtoCasing, InvalidSignal, WorkdirRelativePath, LegacyKeyValueFormat, MaintainerDeprecated,
        MultipleInstructionsDisallowed, UnknownCheck, FromNamesLaterStage, NulCharacter, MisplacedChecksum, InvalidAddress, EmptyDestination,
        UnknownMountKey, InvalidMountValue, IncompleteMount, DuplicateMountTarget, VariableInMountFrom, FromAsCasing, ConsistentInstructionCasing,
        JsonArgsRecommended, RedundantTargetPlatform, SecretsUsedInArgOrEnv, InvalidDefaultArgInFrom, FromPlatformFlagConstDisallowed,
        CopyIgnoredFile, InvalidDefinitionDescription, StalePackageIndex, UnpinnedBaseImage, CopyBeforeInstall, EarlyArgument, SecretFileInContext,
        AddWithoutChecksum, WriteToVolume, SharedPackageCache, UselessSkip, MissingSource, CommentGoesOn, KleeneReading, InvalidTrigger,
        MalformedCondition, UnbalancedBlock, StageInsideCondition, UnsettledCondition, IncludeNotFound, IncludeCycle, InvalidBaseImagePlatform,
    ];

    /// <summary>A rule by name or id, in whatever case it is written; null when there is none.</summary>
    public static DiagnosticRule? Find(string name) => All.FirstOrDefault(rule =>
        rule.Name.Equals(name, StringComparison.OrdinalIgnoreCase) || rule.Id.Equals(name, StringComparison.OrdinalIgnoreCase));
}
