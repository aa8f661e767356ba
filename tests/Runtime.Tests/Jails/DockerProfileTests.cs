using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Kleene.Build.Runtime.Jails.Linux.Seccomp;
using Xunit;

namespace Kleene.Build.Runtime.Tests.Jails;

public class DockerProfileTests
{
    private const string Profile = """
        {
          "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
          "archMap": [
            { "architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] },
            { "architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"] } ],
          "syscalls": [
            { "names": ["read", "write"], "action": "SCMP_ACT_ALLOW" },
            { "name": "ptrace", "action": "SCMP_ACT_ALLOW", "args": null, "comment": "", "includes": { "minKernel": "4.8" }, "excludes": {} },
            { "names": ["future"], "action": "SCMP_ACT_ALLOW", "includes": { "minKernel": "99.1" } },
            { "names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [ { "index": 0, "value": 131072, "op": "SCMP_CMP_EQ" } ] },
            { "names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": { "caps": ["CAP_SYS_ADMIN"] } },
            { "names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [ { "index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" } ], "excludes": { "caps": ["CAP_SYS_ADMIN"], "arches": ["s390", "s390x"] } },
            { "names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": { "caps": ["CAP_SYS_ADMIN"] } },
            { "names": ["arm_sync"], "action": "SCMP_ACT_ALLOW", "includes": { "arches": ["arm64"] } } ]
        }
        """;

    [Theory]
    [InlineData(Architecture.X64, "", "read,write=ALLOW ptrace=ALLOW personality=ALLOW(0 EQ 131072 0) clone=ALLOW(0 MASKED_EQ 2114060288 0) clone3=ERRNO38")]
    [InlineData(Architecture.X64, "CAP_SYS_ADMIN", "read,write=ALLOW ptrace=ALLOW personality=ALLOW(0 EQ 131072 0) mount=ALLOW")]
    [InlineData(Architecture.Arm64, "CAP_SYS_ADMIN", "read,write=ALLOW ptrace=ALLOW personality=ALLOW(0 EQ 131072 0) mount=ALLOW arm_sync=ALLOW")]
    public void Rules_count_for_their_capabilities_processors_and_kernels(Architecture architecture, string capabilities, string expected)
    {
        var written = Write(Profile, architecture, [.. capabilities.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal(("SCMP_ACT_ERRNO", 1), (written.GetProperty("defaultAction").GetString(), written.GetProperty("defaultErrnoRet").GetInt32()));
        Assert.Equal(
            architecture == Architecture.X64 ? ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"] : ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
            written.GetProperty("architectures").EnumerateArray().Select(name => name.GetString()!));
        Assert.Equal(expected, string.Join(' ', written.GetProperty("syscalls").EnumerateArray().Select(Text)));
    }

    [Theory]
    [InlineData("", "the profile of system calls is not JSON")]
    [InlineData("[]", "the profile of system calls is not a JSON object")]
    [InlineData("{}", "'defaultAction' in the profile of system calls is not a text")]
    [InlineData("""{"defaultAction":"SCMP_ACT_ALOW"}""", "the profile of system calls has the action 'SCMP_ACT_ALOW', which there is not; did you mean 'SCMP_ACT_ALLOW'?")]
    [InlineData("""{"defaultAction":"SCMP_ACT_NOTIFY"}""", "the profile of system calls asks for 'SCMP_ACT_NOTIFY', which needs a program that answers")]
    [InlineData("""{"defaultAction":"SCMP_ACT_LOG","listenerPath":"/x"}""", "the profile of system calls has 'listenerPath', which is not understood here")]
    [InlineData("""{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"action":"SCMP_ACT_LOG"}]}""", "a rule in the profile of system calls has no 'names'")]
    [InlineData("""{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["read"],"action":"SCMP_ACT_LOG","only":1}]}""", "a rule of system calls has 'only', which is not understood here")]
    [InlineData("""{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["read"],"action":"SCMP_ACT_LOG","args":[{"index":6,"op":"SCMP_CMP_EQ"}]}]}""", "'index' in the profile of system calls is not less than 6")]
    [InlineData("""{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["read"],"action":"SCMP_ACT_LOG","args":[{"index":0,"op":"SCMP_CMP_IN"}]}]}""", "the profile of system calls has the operator 'SCMP_CMP_IN', which there is not")]
    [InlineData("""{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["read"],"action":"SCMP_ACT_LOG","includes":{"users":[]}}]}""", "'includes' of system calls has 'users', which is not understood here")]
    public void What_is_not_understood_is_refused(string profile, string message) =>
        Assert.StartsWith(message, Assert.Throws<KleeneException>(() => DockerProfile.Parse(profile)).Message, StringComparison.Ordinal);

    private static JsonElement Write(string profile, Architecture architecture, ImmutableArray<string> capabilities)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            DockerProfile.Parse(profile).WriteTo(json, architecture, capabilities);
        }

        return JsonDocument.Parse(text.ToArray()).RootElement;
    }

    private static string Text(JsonElement rule)
    {
        var text = new StringBuilder();
        text.AppendJoin(',', rule.GetProperty("names").EnumerateArray().Select(name => name.GetString())).Append('=').Append(rule.GetProperty("action").GetString()!["SCMP_ACT_".Length..]);
        if (rule.TryGetProperty("errnoRet", out var error))
        {
            text.Append(error.GetInt32());
        }

        foreach (var argument in rule.GetProperty("args").EnumerateArray())
        {
            text.Append('(').AppendJoin(' ', argument.GetProperty("index"), argument.GetProperty("op").GetString()!["SCMP_CMP_".Length..], argument.GetProperty("value"), argument.GetProperty("valueTwo")).Append(')');
        }

        return text.ToString();
    }
}
