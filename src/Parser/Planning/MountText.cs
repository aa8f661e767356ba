using System.Diagnostics;
using System.Globalization;

namespace Kleene.Build.Parser.Planning;

/// <summary>A mount as words, for the text of a plan.</summary>
internal static class MountText
{
    /// <summary>The type and what is said about it, each <c>key=value</c>; what is not said is left out.</summary>
    public static IEnumerable<string> Words(RunMount mount, Func<TreeOrigin, string> describe)
    {
        var said = mount switch
        {
            RunMount.Bind bind => (string?[])["bind", $"from={describe(bind.From)}", $"source={bind.Source}", bind.IsWritable ? "readwrite" : null],
            RunMount.Cache cache =>
            [
                "cache", $"id={cache.Id}", Pair("namespace", cache.Namespace), $"sharing={cache.Sharing.ToString().ToLowerInvariant()}",
                cache.From is { } from ? $"from={describe(from)}" : null, cache.Source == "." ? null : $"source={cache.Source}", .. Words(cache.Access),
                cache.IsReadOnly ? "readonly" : null,
            ],
            RunMount.Tmpfs tmpfs => ["tmpfs", tmpfs.SizeBytes is { } size ? Pair("size", Number(size)) : null, tmpfs.IsReadOnly ? "readonly" : null],
            RunMount.Secret secret => ["secret", $"id={secret.Id}", Pair("env", secret.Variable), .. Words(secret.Access), secret.IsRequired ? "required" : null],
            RunMount.Ssh ssh => ["ssh", $"id={ssh.Id}", .. Words(ssh.Access), ssh.IsRequired ? "required" : null],
            _ => throw new UnreachableException(),
        };
        return said.Append(Pair("target", mount.Target)).OfType<string>();
    }

    public static string Octal(uint mode) => "0" + Convert.ToString(mode, 8);

    private static IEnumerable<string?> Words(MountAccess access) =>
    [
        access.Mode is { } mode ? Pair("mode", Octal(mode)) : null,
        access.User is { } user ? Pair("uid", Number(user)) : null,
        access.Group is { } group ? Pair("gid", Number(group)) : null,
    ];

    private static string? Pair(string key, string value) => value.Length == 0 ? null : $"{key}={value}";

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
