using System.Collections.Immutable;

namespace Kleene.Build.Runtime.Jails;

/// <summary>What every process expects to find in its environment, unless the spec says otherwise.</summary>
internal static class JailEnvironment
{
    public const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    public static ImmutableArray<string> Complete(JailProcess process, JailUser user, string? hostname)
    {
        var missing = new List<string>();
        Add("PATH", DefaultPath);
        if (hostname is not null)
        {
            Add("HOSTNAME", hostname);
        }

        if (process.Terminal)
        {
            Add("TERM", "xterm");
        }

        Add("HOME", user.Home);
        return [.. missing, .. process.Environment];

        void Add(string name, string value)
        {
            if (ValueOf(process.Environment, name) is null)
            {
                missing.Add($"{name}={value}");
            }
        }
    }

    /// <summary>The last one counts, as in a shell.</summary>
    public static string? ValueOf(ImmutableArray<string> environment, string name)
    {
        var entry = environment.LastOrDefault(entry => entry.Length > name.Length && entry[name.Length] == '=' && entry.StartsWith(name, StringComparison.Ordinal));
        return entry?[(name.Length + 1)..];
    }
}
