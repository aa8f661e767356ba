using System.Text.RegularExpressions;

namespace Kleene.Build.Runtime.Jails;

/// <summary>A setting of the kernel that a jail may have apart from the host (namespaces(7)), as <c>NAME=VALUE</c>.</summary>
public static partial class JailSysctl
{
    /// <exception cref="KleeneException">It is no such setting, or one that would be the host's too.</exception>
    public static (string Name, string Value) Parse(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var (name, value) = equals > 0 ? (text[..equals], text[(equals + 1)..]) : (text, "");
        if (equals <= 0 || !NameForm().IsMatch(name) || value.Length == 0 || value.Any(char.IsControl))
        {
            throw new KleeneException($"'{text}' is not a setting of the kernel; write NAME=VALUE, as net.ipv4.ip_forward=1");
        }

        return OwnNames().IsMatch(name)
            ? (name, value)
            : throw new KleeneException($"'{name}' is the whole machine's; a jail has its own of net.*, fs.mqueue.*, kernel.shm*, kernel.msg* and kernel.sem");
    }

    /// <summary>Whether it belongs to the network: only a jail with a network of its own may have it.</summary>
    public static bool IsOfNetwork(string setting) => setting.StartsWith("net.", StringComparison.Ordinal);

    [GeneratedRegex(@"^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_/-]+)+\z")]
    private static partial Regex NameForm();

    // ipc_namespaces(7)
    [GeneratedRegex(@"^(net\..+|fs\.mqueue\..+|kernel\.(shm.+|msg.+|sem|shm_rmid_forced))\z")]
    private static partial Regex OwnNames();
}
