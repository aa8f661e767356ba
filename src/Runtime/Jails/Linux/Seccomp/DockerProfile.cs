using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Kleene.Build.Runtime.Jails.Linux.Seccomp;

/// <summary>
/// A list of system calls in the JSON form of Docker's profiles: what an OCI configuration has, with rules that count only for some capabilities,
/// processors or kernels. What it says is translated; what is not understood is refused, since to leave it out could allow what was forbidden.
/// </summary>
public sealed class DockerProfile
{
    private const string Unsupported = "SCMP_ACT_NOTIFY";

    private static readonly ImmutableHashSet<string> Actions =
        ["SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG"];

    private static readonly ImmutableHashSet<string> Operators =
        ["SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"];

    private readonly string defaultAction;
    private readonly uint? defaultError;
    private readonly ImmutableArray<string> architectures;
    private readonly ImmutableArray<(string Architecture, ImmutableArray<string> Others)> families;
    private readonly ImmutableArray<Rule> rules;

    private DockerProfile(JsonElement profile)
    {
        OnlyHas(profile, "the profile", "defaultAction", "defaultErrnoRet", "architectures", "archMap", "syscalls");
        defaultAction = Action(profile, "defaultAction");
        defaultError = Number(profile, "defaultErrnoRet");
        architectures = Texts(profile, "architectures");
        families = [.. Items(profile, "archMap").Select(family =>
        {
            OnlyHas(family, "an entry of 'archMap'", "architecture", "subArchitectures");
            return (Text(family, "architecture"), Texts(family, "subArchitectures"));
        })];
        rules = [.. Items(profile, "syscalls").Select(Rule.Read)];
    }

    /// <exception cref="KleeneException">It is no profile, or says what is not understood here.</exception>
    public static DockerProfile Parse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip });
            return new DockerProfile(document.RootElement);
        }
        catch (JsonException exception)
        {
            throw new KleeneException($"the profile of system calls is not JSON: {exception.Message}", exception);
        }
    }

    /// <summary>The <c>seccomp</c> object of an OCI configuration.</summary>
    /// <param name="capabilities">What the jail has, as <c>CAP_NAME</c>.</param>
    internal void WriteTo(Utf8JsonWriter json, Architecture architecture, ImmutableArray<string> capabilities)
    {
        json.WriteStartObject();
        json.WriteString("defaultAction", defaultAction);
        WriteOptional(json, "defaultErrnoRet", defaultError);
        var own = NameOf(architecture);
        WriteTexts(json, "architectures", [.. architectures, .. families.Where(family => family.Architecture == own).SelectMany(family => family.Others.Prepend(own))]);
        json.WriteStartArray("syscalls");
        foreach (var rule in rules.Where(rule => rule.Includes.HoldsAll(architecture, capabilities) && !rule.Excludes.HoldsAny(architecture, capabilities)))
        {
            json.WriteStartObject();
            WriteTexts(json, "names", rule.Names);
            json.WriteString("action", rule.Action);
            WriteOptional(json, "errnoRet", rule.Error);
            json.WriteStartArray("args");
            foreach (var argument in rule.Arguments)
            {
                json.WriteStartObject();
                json.WriteNumber("index", argument.Index);
                json.WriteNumber("value", argument.Value);
                json.WriteNumber("valueTwo", argument.Second);
                json.WriteString("op", argument.Operator);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string NameOf(Architecture architecture) => architecture switch
    {
        Architecture.X64 => "SCMP_ARCH_X86_64",
        Architecture.Arm64 => "SCMP_ARCH_AARCH64",
        _ => "",
    };

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, uint? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void OnlyHas(JsonElement value, string what, params ReadOnlySpan<string> known)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new KleeneException($"{what} of system calls is not a JSON object");
        }

        foreach (var property in value.EnumerateObject())
        {
            if (!known.Contains(property.Name))
            {
                throw new KleeneException($"{what} of system calls has '{property.Name}', which is not understood here");
            }
        }
    }

    private static JsonElement? Find(JsonElement value, string name) =>
        value.TryGetProperty(name, out var found) && found.ValueKind != JsonValueKind.Null ? found : null;

    private static string Text(JsonElement value, string name) =>
        Find(value, name) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : throw Wrong(name, "a text");

    private static IEnumerable<JsonElement> Items(JsonElement value, string name) =>
        Find(value, name) switch
        {
            null => [],
            { ValueKind: JsonValueKind.Array } array => array.EnumerateArray().ToList(),
            _ => throw Wrong(name, "a list"),
        };

    private static ImmutableArray<string> Texts(JsonElement value, string name) =>
        [.. Items(value, name).Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Wrong(name, "a list of texts"))];

    private static uint? Number(JsonElement value, string name) =>
        Find(value, name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.Number } number when number.TryGetUInt32(out var found) => found,
            _ => throw Wrong(name, "a number"),
        };

    private static string Action(JsonElement value, string name) => Text(value, name) is var action && Actions.Contains(action)
        ? action
        : throw new KleeneException(action == Unsupported
            ? $"the profile of system calls asks for '{action}', which needs a program that answers; there is none here"
            : $"the profile of system calls has the action '{action}', which there is not{Suggestion.Hint(action, Actions)}");

    private static KleeneException Wrong(string name, string wanted) => new($"'{name}' in the profile of system calls is not {wanted}");

    private sealed record Rule(ImmutableArray<string> Names, string Action, uint? Error, ImmutableArray<Argument> Arguments, Condition Includes, Condition Excludes)
    {
        public static Rule Read(JsonElement rule)
        {
            OnlyHas(rule, "a rule", "name", "names", "action", "errnoRet", "args", "comment", "includes", "excludes");
            ImmutableArray<string> names = Find(rule, "name") is null ? Texts(rule, "names") : [Text(rule, "name")];
            return names.IsEmpty
                ? throw new KleeneException("a rule in the profile of system calls has no 'names'")
                : new Rule(names, DockerProfile.Action(rule, "action"), Number(rule, "errnoRet"), [.. Items(rule, "args").Select(Argument.Read)], Condition.Read(rule, "includes"), Condition.Read(rule, "excludes"));
        }
    }

    private sealed record Argument(uint Index, ulong Value, ulong Second, string Operator)
    {
        private const uint MostArguments = 6;

        public static Argument Read(JsonElement argument)
        {
            OnlyHas(argument, "an argument", "index", "value", "valueTwo", "op");
            var name = Text(argument, "op");
            var index = Number(argument, "index") ?? throw Wrong("index", "a number");
            return !Operators.Contains(name) ? throw new KleeneException($"the profile of system calls has the operator '{name}', which there is not{Suggestion.Hint(name, Operators)}")
                : index >= MostArguments ? throw Wrong("index", "less than 6")
                : new Argument(index, Large(argument, "value"), Large(argument, "valueTwo"), name);
        }

        private static ulong Large(JsonElement argument, string name) =>
            Find(argument, name) is not { } value ? 0 : value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out var number) ? number : throw Wrong(name, "a number");
    }

    /// <summary>When a rule counts, or does not.</summary>
    private sealed record Condition(ImmutableArray<string> Capabilities, ImmutableArray<string> Architectures, Version? LeastKernel)
    {
        public static Condition Read(JsonElement rule, string name)
        {
            if (Find(rule, name) is not { } condition)
            {
                return new Condition([], [], null);
            }

            OnlyHas(condition, $"'{name}'", "caps", "arches", "minKernel");
            return new Condition(
                Texts(condition, "caps"),
                Texts(condition, "arches"),
                Find(condition, "minKernel") is null ? null : KernelVersion(Text(condition, "minKernel")) ?? throw Wrong("minKernel", "a version such as 4.8"));
        }

        public bool HoldsAll(Architecture architecture, ImmutableArray<string> present) =>
            Capabilities.All(present.Contains)
            && (Architectures.IsEmpty || Architectures.Contains(ShortName(architecture)))
            && (LeastKernel is null || RunningKernel >= LeastKernel);

        public bool HoldsAny(Architecture architecture, ImmutableArray<string> present) =>
            Capabilities.Any(present.Contains)
            || Architectures.Contains(ShortName(architecture))
            || (LeastKernel is not null && RunningKernel >= LeastKernel);

        private static Version RunningKernel => Environment.OSVersion.Version;

        /// <summary>As Go names it, in which these profiles came up.</summary>
        private static string ShortName(Architecture architecture) => architecture switch
        {
            Architecture.X64 => "amd64",
            _ => architecture.ToString().ToLower(CultureInfo.InvariantCulture),
        };

        private static Version? KernelVersion(string text) => Version.TryParse(text, out var version) ? version : null;
    }
}
