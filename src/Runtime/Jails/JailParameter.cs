using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Kleene.Build.Runtime.Jails;

/// <summary>A parameter of a jail in the words of jail(8), as a user writes it: <c>allow.raw_sockets</c> or <c>host.domainname=example.org</c>. FreeBSD's own.</summary>
/// <param name="Name">Of letters, digits, underscores and dots.</param>
/// <param name="Value">Null: it is only said, and so it is on.</param>
public sealed partial record JailParameter(string Name, string? Value)
{
    private const int LongestValue = 4096;

    /// <summary>What a jail is to us: with another value we would not find it again, or it would not be what was asked for elsewhere.</summary>
    private static readonly ImmutableDictionary<string, string> Ours = ImmutableDictionary.CreateRange(
        StringComparer.Ordinal,
        [
            Reserved("name", "--name names a container"),
            Reserved("jid", "the kernel numbers jails"),
            Reserved("path", "it is where the container's files are"),
            Reserved("persist", "a jail goes with its container"),
            Reserved("parent", "it is the jail of the container's network, or none"),
            Reserved("command", "write the command behind the image's name"),
            Reserved("exec.jail_user", "--user says who runs the command"),
            Reserved("exec.consolelog", "'kleene logs' shows what it prints"),
            Reserved("mount", "--volume and --mount mount what has to be"),
            Reserved("mount.fstab", "--volume and --mount mount what has to be"),
            Reserved("vnet.interface", "--network connects a container"),
        ]);

    /// <summary><c>NAME</c> or <c>NAME=VALUE</c>.</summary>
    /// <exception cref="KleeneException">It is no parameter, or one that is not the user's to set.</exception>
    public static JailParameter Parse(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var (name, value) = equals < 0 ? (text, null) : (text[..equals], text[(equals + 1)..]);
        if (!NameForm().IsMatch(name) || value is { Length: 0 or > LongestValue } || value?.Any(char.IsControl) == true)
        {
            throw new KleeneException($"'{text}' is not a parameter of jail(8); write NAME or NAME=VALUE, as allow.raw_sockets or host.domainname=example.org");
        }

        var parameter = new JailParameter(name, value);
        return Ours.TryGetValue(name, out var reason) || Ours.TryGetValue(parameter.Subject, out reason) ? throw new KleeneException($"the parameter '{name}' is not to be set: {reason}") : parameter;
    }

    /// <summary>The name without the <c>no</c> that turns a parameter off: <c>mount.nodevfs</c> is about <c>mount.devfs</c> (jail(8)).</summary>
    public string Subject
    {
        get
        {
            var last = Name.LastIndexOf('.') + 1;
            return Name.AsSpan(last).StartsWith("no", StringComparison.Ordinal) && Name.Length > last + 2 ? string.Concat(Name.AsSpan(0, last), Name.AsSpan(last + 2)) : Name;
        }
    }

    public override string ToString() => Value is null ? Name : $"{Name}={Value}";

    private static KeyValuePair<string, string> Reserved(string name, string reason) => KeyValuePair.Create(name, reason);

    [GeneratedRegex(@"\A[a-z][a-z0-9_]*(\.[a-z0-9_]+)*\z")]
    private static partial Regex NameForm();
}
