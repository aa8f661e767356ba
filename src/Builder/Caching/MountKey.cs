using System.Diagnostics;
using System.Globalization;
using Kleene.Build.Parser.Planning;

namespace Kleene.Build.Builder.Caching;

/// <summary>What of a mount is in the key of its command: what the command can see of it, but for the files, which are a field of their own.</summary>
internal static class MountKey
{
    /// <summary>
    /// The type and then what belongs to it, always as many. Never a value of a secret, nor what a cache is called or holds: those may
    /// change, and the command need not run again.
    /// </summary>
    public static IEnumerable<string> Of(RunMount mount) => mount switch
    {
        RunMount.Bind bind => ["bind", mount.Target, bind.IsWritable ? "rw" : "ro"],
        RunMount.Cache cache => ["cache", mount.Target, cache.IsReadOnly ? "ro" : "rw", Text(cache.Access)],
        RunMount.Tmpfs tmpfs => ["tmpfs", mount.Target, tmpfs.IsReadOnly ? "ro" : "rw", Text(tmpfs.SizeBytes)],
        RunMount.Secret secret => ["secret", mount.Target, secret.Id, secret.Variable, secret.IsRequired ? "required" : "optional", Text(secret.Access)],
        RunMount.Ssh ssh => ["ssh", mount.Target, ssh.Id, ssh.IsRequired ? "required" : "optional", Text(ssh.Access)],
        _ => throw new UnreachableException(),
    };

    private static string Text(MountAccess access) => $"{Text(access.Mode)}:{Text(access.User)}:{Text(access.Group)}";

    private static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";
}
