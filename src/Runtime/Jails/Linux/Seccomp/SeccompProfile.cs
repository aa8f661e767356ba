using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Kleene.Build.Runtime.Jails.Linux.Seccomp;

/// <summary>Which system calls a jail may make (seccomp(2)): a list of what is allowed, and four calls that depend on an argument.</summary>
internal static class SeccompProfile
{
    public const int EPERM = 1;
    public const int ENOSYS = 38;

    /// <summary>The flags of clone(2) that make namespaces. A user namespace would give all capabilities inside it.</summary>
    public const uint NamespaceFlags = 0x7e020000;

    /// <summary>The crypto interface of the kernel and the sockets of virtual machines are not divided by namespaces (socket(2)).</summary>
    public static ImmutableArray<uint> ForbiddenSocketFamilies { get; } = [38, 40];

    /// <summary>personality(2): the ordinary one, without address randomisation, 32-bit, both, and asking for the present one.</summary>
    public static ImmutableArray<uint> AllowedPersonalities { get; } = [0, 0x8, 0x20000, 0x20008, 0xffffffff];

    public static ImmutableArray<SystemCall> Allowed { get; } =
        [.. AllowedCalls.Table.Split('\n').Select(SystemCall.Parse)];

    public static SystemCall Socket { get; } = new("socket", 41, 359);

    public static SystemCall Personality { get; } = new("personality", 135, 136);

    public static SystemCall Clone { get; } = new("clone", 56, 120);

    /// <summary>Its flags are in memory, out of a filter's sight: ENOSYS makes the C library fall back to <see cref="Clone"/>.</summary>
    public static SystemCall Clone3 { get; } = new("clone3", 435, 435);

    /// <summary>Whether what was granted allows to make namespaces, by clone(2) then as well.</summary>
    public static bool MakesNamespaces(ImmutableArray<SystemCall> granted) => granted.Any(call => call.Name == Clone3.Name);

    /// <summary>The <c>seccomp</c> object of an OCI configuration.</summary>
    /// <param name="granted">What is allowed beyond the usual.</param>
    public static void WriteTo(Utf8JsonWriter json, Architecture architecture, ImmutableArray<SystemCall> granted)
    {
        json.WriteStartObject();
        json.WriteString("defaultAction", "SCMP_ACT_ERRNO");
        json.WriteNumber("defaultErrnoRet", EPERM);
        json.WriteStartArray("architectures");
        foreach (var name in ArchitecturesOf(architecture))
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
        json.WriteStartArray("syscalls");
        WriteRule(json, Allowed.Concat(granted).Select(call => call.Name));
        WriteSocketRules(json);
        foreach (var personality in AllowedPersonalities)
        {
            WriteRule(json, [Personality.Name], new Condition("SCMP_CMP_EQ", personality));
        }

        if (MakesNamespaces(granted))
        {
            WriteRule(json, [Clone.Name]);
        }
        else
        {
            // Of this operator the first value is the mask and the second what is left of the argument.
            WriteRule(json, [Clone.Name], new Condition("SCMP_CMP_MASKED_EQ", NamespaceFlags));
            json.WriteStartObject();
            json.WriteStartArray("names");
            json.WriteStringValue(Clone3.Name);
            json.WriteEndArray();
            json.WriteString("action", "SCMP_ACT_ERRNO");
            json.WriteNumber("errnoRet", ENOSYS);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static ImmutableArray<string> ArchitecturesOf(Architecture architecture) => architecture switch
    {
        Architecture.X64 => ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
        Architecture.Arm64 => ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
        _ => [],
    };

    /// <summary>A rule for each condition: both runtimes take two conditions on one argument for alternatives.</summary>
    private static void WriteSocketRules(Utf8JsonWriter json)
    {
        var (first, last) = (ForbiddenSocketFamilies[0], ForbiddenSocketFamilies[^1]);
        WriteRule(json, [Socket.Name], new Condition("SCMP_CMP_LT", first));
        WriteRule(json, [Socket.Name], new Condition("SCMP_CMP_GT", last));
        for (var family = first; family < last; family++)
        {
            if (!ForbiddenSocketFamilies.Contains(family))
            {
                WriteRule(json, [Socket.Name], new Condition("SCMP_CMP_EQ", family));
            }
        }
    }

    private static void WriteRule(Utf8JsonWriter json, IEnumerable<string> names, Condition? condition = null)
    {
        json.WriteStartObject();
        json.WriteStartArray("names");
        foreach (var name in names)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
        json.WriteString("action", "SCMP_ACT_ALLOW");
        if (condition is not null)
        {
            json.WriteStartArray("args");
            json.WriteStartObject();
            json.WriteNumber("index", 0);
            json.WriteNumber("value", condition.Value);
            json.WriteNumber("valueTwo", 0);
            json.WriteString("op", condition.Operator);
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>What the first argument must be like.</summary>
    private sealed record Condition(string Operator, uint Value);
}

/// <summary>A system call and its numbers; null where the architecture does not have it.</summary>
internal sealed record SystemCall(string Name, uint? X64, uint? I386)
{
    /// <summary>A line of <see cref="AllowedCalls.Table"/>.</summary>
    public static SystemCall Parse(string line) =>
        line.TrimEnd('\r').Split(' ') is [var name, var x64, var i386]
            ? new SystemCall(name, Number(x64), Number(i386))
            : throw new FormatException($"not a system call: '{line}'");

    private static uint? Number(string text) => text == "-" ? null : uint.Parse(text, CultureInfo.InvariantCulture);
}
