using System.Collections.Immutable;
using System.Text.Json;

namespace Kleene.Build.Runtime.Jails.Linux;

/// <summary>What the processes of a jail may do, whoever starts them: its first one as those that join it.</summary>
/// <param name="Capabilities">What the superuser has, and no process can get more of.</param>
/// <param name="UserCapabilities">What other users have of it.</param>
/// <param name="NoNewPrivileges">Whether set-uid programs give nothing.</param>
internal sealed record ProcessRights(ImmutableArray<string> Capabilities, ImmutableArray<string> UserCapabilities, bool NoNewPrivileges)
{
    public static ProcessRights Of(JailSpec spec, ulong boundingSet) => new(
        Linux.Capabilities.Of(spec.Grants, spec.IsPrivileged, boundingSet),
        Linux.Capabilities.OfUsers(spec.Grants),
        !spec.IsPrivileged && !spec.Grants.AllowsNewPrivileges);

    /// <summary>Those of a jail that runs, as its bundle has them.</summary>
    /// <param name="config">Its <c>config.json</c>.</param>
    public static ProcessRights Read(ReadOnlyMemory<byte> config)
    {
        using var document = JsonDocument.Parse(config);
        var process = document.RootElement.GetProperty("process");
        var sets = process.GetProperty("capabilities");
        var users = document.RootElement.TryGetProperty("annotations", out var annotations) && annotations.TryGetProperty(OciConfig.UserCapabilities, out var names)
            ? names.GetString()!.Split(' ')
            : [];
        return new ProcessRights(
            [.. sets.GetProperty("bounding").EnumerateArray().Select(name => name.GetString()!)], [.. users], process.GetProperty("noNewPrivileges").GetBoolean());
    }
}
