using System.Diagnostics;
using System.Text.Json;

namespace Kleene.Build.Parser.Planning;

/// <summary>The mounts of a RUN as JSON. Members that a type does not have are null.</summary>
internal static class MountJson
{
    /// <param name="from">The name of an origin; null for the context.</param>
    public static void Write(Utf8JsonWriter json, IEnumerable<RunMount> mounts, Func<TreeOrigin?, string?> from)
    {
        json.WriteStartArray("mounts");
        foreach (var mount in mounts)
        {
            json.WriteStartObject();
            Write(json, mount, from(mount.Origin));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, RunMount mount, string? from)
    {
        var (type, source, id, readOnly, required, access) = mount switch
        {
            RunMount.Bind bind => ("bind", bind.Source, null, !bind.IsWritable, false, MountAccess.Unsaid),
            RunMount.Cache cache => ("cache", cache.Source, cache.Id, cache.IsReadOnly, false, cache.Access),
            RunMount.Tmpfs tmpfs => ("tmpfs", null, default(string), tmpfs.IsReadOnly, false, MountAccess.Unsaid),
            RunMount.Secret secret => ("secret", null, secret.Id, true, secret.IsRequired, secret.Access),
            RunMount.Ssh ssh => ("ssh", null, ssh.Id, true, ssh.IsRequired, ssh.Access),
            _ => throw new UnreachableException(),
        };
        json.WriteString("type", type);
        json.WriteString("target", mount.Target.Length == 0 ? null : mount.Target);
        json.WriteString("from", from);
        json.WriteString("source", source);
        json.WriteString("id", id);
        json.WriteString("sharing", (mount as RunMount.Cache)?.Sharing.ToString().ToLowerInvariant());
        json.WriteBoolean("readonly", readOnly);
        json.WriteBoolean("required", required);
        json.WriteString("env", mount is RunMount.Secret { Variable.Length: > 0 } named ? named.Variable : null);
        json.WriteString("mode", access.Mode is { } mode ? MountText.Octal(mode) : null);
        WriteNumber(json, "uid", access.User);
        WriteNumber(json, "gid", access.Group);
        WriteNumber(json, "size", (mount as RunMount.Tmpfs)?.SizeBytes);
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, long? number)
    {
        if (number is { } value)
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
